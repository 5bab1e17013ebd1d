"""Buckets of this process alone, at most so many of them."""

import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Final

from authly_server.limits import rate
from authly_server.limits.rate import Bucket, Refusal


CAPACITY: Final = 100_000
_NANOSECONDS: Final = 1_000


def _monotonic() -> int:
    return time.monotonic_ns() // _NANOSECONDS


class Memory:
    """The store of one process; `now` is a clock of microseconds.

    Where there would be more keys than `capacity`, the one used longest ago is forgotten.
    """

    def __init__(self, *, capacity: int = CAPACITY, now: Callable[[], int] = _monotonic) -> None:
        self._capacity = capacity
        self._now = now
        self._arrivals: OrderedDict[str, int] = OrderedDict()

    async def take(self, buckets: Sequence[Bucket]) -> Refusal | None:
        """Take one from each bucket; where one of them is empty, from none."""
        now = self._now()
        waits = [rate.wait(each.rate, self._arrival(each), now) for each in buckets]
        longest = max(waits, default=0)
        if longest:
            return Refusal(buckets[waits.index(longest)], longest)
        for each in buckets:
            self._keep(each.key, rate.take(each.rate, self._arrival(each), now))
        return None

    async def give_back(self, buckets: Sequence[Bucket]) -> None:
        """Undo one `take`."""
        now = self._now()
        for each in buckets:
            arrival = rate.give_back(each.rate, self._arrival(each), now)
            if arrival > now:
                self._keep(each.key, arrival)
            else:
                self._arrivals.pop(each.key, None)

    async def forget(self, buckets: Sequence[Bucket]) -> None:
        """Fill each bucket up."""
        for each in buckets:
            self._arrivals.pop(each.key, None)

    def __len__(self) -> int:
        return len(self._arrivals)

    def _arrival(self, bucket: Bucket) -> int:
        return self._arrivals.get(bucket.key, 0)

    def _keep(self, key: str, arrival: int) -> None:
        self._arrivals[key] = arrival
        self._arrivals.move_to_end(key)
        if len(self._arrivals) > self._capacity:
            self._arrivals.popitem(last=False)
