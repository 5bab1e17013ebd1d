"""Connections that were used a moment ago, kept for the next call to the same database.

Logging in costs more than a call does. Kept are a few a URL, for a short while: a password that
was changed is noticed within MAXIMUM_AGE, and an instance that is gone holds nothing for long.
"""

import asyncio
import select
from dataclasses import dataclass, field
from typing import Any, Final
from weakref import WeakKeyDictionary

import psycopg
from typing_extensions import override


IDLE_SECONDS: Final = 10.0
MAXIMUM_AGE: Final = 60.0
MAXIMUM_IDLE: Final = 8
"""Connections that are kept for one URL."""


class Connection(psycopg.AsyncConnection[Any]):
    """A connection that knows its age, and closes without a warning when its loop forgets it."""

    born = 0.0

    @override
    def __del__(self, _: object = None, /) -> None:
        if not self.closed:
            self.pgconn.finish()


@dataclass(frozen=True, slots=True)
class _Entry:
    connection: Connection
    timer: asyncio.TimerHandle


@dataclass(slots=True)
class Idle:
    """The idle connections of one event loop."""

    _kept: dict[str, list[_Entry]] = field(default_factory=dict, repr=False)

    def take(self, url: str) -> Connection | None:
        """A connection that the server has not closed, found out without a round trip, or None."""
        kept = self._kept.get(url, [])
        while kept:
            entry = kept.pop()
            entry.timer.cancel()
            if not _is_stale(entry.connection):
                return entry.connection
            entry.connection.pgconn.finish()
        return None

    def keep(self, url: str, connection: Connection) -> None:
        """Keep a connection that is in order, or close it where there are enough."""
        kept = self._kept.setdefault(url, [])
        loop = asyncio.get_running_loop()
        if len(kept) >= MAXIMUM_IDLE or loop.time() - connection.born > MAXIMUM_AGE:
            connection.pgconn.finish()
            return
        timer = loop.call_later(IDLE_SECONDS, self._expire, url, connection)
        kept.append(_Entry(connection, timer))

    def close(self) -> None:
        """Close every idle connection."""
        for kept in self._kept.values():
            for entry in kept:
                entry.timer.cancel()
                entry.connection.pgconn.finish()
        self._kept.clear()

    def _expire(self, url: str, connection: Connection) -> None:
        connection.pgconn.finish()
        left = [entry for entry in self._kept.get(url, []) if entry.connection is not connection]
        self._kept.pop(url, None)
        if left:
            self._kept[url] = left


_by_loop: WeakKeyDictionary[asyncio.AbstractEventLoop, Idle] = WeakKeyDictionary()


def here() -> Idle:
    """The idle connections of the running event loop."""
    return _by_loop.setdefault(asyncio.get_running_loop(), Idle())


def _is_stale(connection: Connection) -> bool:
    """Whether the server has said something unasked, which on an idle connection is goodbye."""
    if connection.closed:
        return True
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN | select.POLLHUP | select.POLLERR)
    return bool(poll.poll(0))
