"""The queue of resources to reconcile, as client-go's work queue: each key once, one worker a key.

A key that is added while a worker has it is handed out again after that; delays and back-off are
the queue's own, so that an event is never lost and a failing resource never turns into a hot loop.
"""

import asyncio
import heapq
import itertools
from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final, NamedTuple


FIRST_BACKOFF: Final = 0.5
LONGEST_BACKOFF: Final = 60.0
SPREAD: Final = 0.2
"""Timers of many resources come earlier by up to this share, so that they never come at once."""


class Key(NamedTuple):
    """One resource."""

    kind: str
    namespace: str
    name: str


@dataclass(slots=True)
class WorkQueue:
    """Keys that wait, keys at work, and keys that are due later; for one event loop.

    `monotonic` answers seconds; a key's oldest wait is told by `age`.
    """

    monotonic: Callable[[], float]
    _waiting: OrderedDict[Key, float] = field(default_factory=OrderedDict)
    _working: set[Key] = field(default_factory=set)
    _again: set[Key] = field(default_factory=set)
    _later: list[tuple[float, int, Key]] = field(default_factory=list)
    _due: dict[Key, float] = field(default_factory=dict)
    _failures: dict[Key, int] = field(default_factory=dict)
    _numbers: Iterator[int] = field(default_factory=itertools.count)
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    def add(self, key: Key) -> None:
        """Hand the key out as soon as a worker is free."""
        self._due.pop(key, None)
        if key in self._working:
            self._again.add(key)
        else:
            self._waiting.setdefault(key, self.monotonic())
        self._changed.set()

    def add_after(self, key: Key, seconds: float) -> None:
        """Hand the key out in that many seconds, or earlier where it is due earlier."""
        due = self.monotonic() + seconds
        if self._due.get(key, due) < due or key in self._waiting:
            return
        self._due[key] = due
        heapq.heappush(self._later, (due, next(self._numbers), key))
        self._changed.set()

    def add_failed(self, key: Key, at_least: float = 0.0) -> float:
        """Hand the key out after its back-off, which doubles at each failure; answers seconds."""
        failures = self._failures.get(key, 0)
        self._failures[key] = failures + 1
        seconds = max(at_least, min(FIRST_BACKOFF * 2.0 ** min(failures, 16), LONGEST_BACKOFF))
        self.add_after(key, seconds)
        return seconds

    def forget(self, key: Key) -> None:
        """End the back-off of a key that succeeded."""
        self._failures.pop(key, None)

    async def get(self) -> Key:
        """Wait for the next key; its worker calls `done` when it is through."""
        while True:
            self._promote()
            if self._waiting:
                key, _ = self._waiting.popitem(last=False)
                self._working.add(key)
                return key
            await self._wait()

    def done(self, key: Key) -> None:
        """Let the key be handed out again."""
        self._working.discard(key)
        if key in self._again:
            self._again.discard(key)
            self.add(key)

    def age(self) -> float:
        """How many seconds the key that has waited longest waits for a worker."""
        self._promote()
        oldest = next(iter(self._waiting.values()), None)
        return 0.0 if oldest is None else self.monotonic() - oldest

    def __len__(self) -> int:
        return len(self._waiting)

    def _promote(self) -> None:
        while self._later and self._later[0][0] <= self.monotonic():
            due, _, key = heapq.heappop(self._later)
            if self._due.get(key) == due:
                self.add(key)

    async def _wait(self) -> None:
        self._changed.clear()
        seconds = self._later[0][0] - self.monotonic() if self._later else None
        try:
            async with asyncio.timeout(seconds):
                await self._changed.wait()
        except TimeoutError:
            return
