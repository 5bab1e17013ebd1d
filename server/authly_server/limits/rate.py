"""The generic cell rate algorithm (ITU-T I.371): a bucket is one number, and no timer runs.

That number, its arrival, is the moment at which all that was taken will be earned again. Times
are whole microseconds of any clock, so that what fits exactly is never refused by a rounding.
"""

from dataclasses import dataclass
from typing import Final


SECOND: Final = 1_000_000
_MINUTE: Final = 60 * SECOND


@dataclass(frozen=True, slots=True)
class Rate:
    """`burst` at once, then one more each `interval` microseconds."""

    interval: int
    burst: int

    @classmethod
    def per_minute(cls, count: int, burst: int) -> "Rate":
        """`count` a minute in the long run."""
        return cls(_MINUTE // count, burst)

    @classmethod
    def every(cls, seconds: int, burst: int) -> "Rate":
        """One each `seconds` in the long run."""
        return cls(seconds * SECOND, burst)


@dataclass(frozen=True, slots=True)
class Bucket:
    """What is counted under one key, whose texts tell apart everything that is counted."""

    key: str
    rate: Rate


@dataclass(frozen=True, slots=True)
class Refusal:
    """Nothing was taken; the bucket that has to be waited for longest, and how long."""

    bucket: Bucket
    microseconds: int

    @property
    def seconds(self) -> int:
        """Whole seconds to wait, as in Retry-After (RFC 9110 section 10.2.3)."""
        return max(1, -(-self.microseconds // SECOND))


def wait(rate: Rate, arrival: int, now: int) -> int:
    """Microseconds until one more may be taken; 0 for at once."""
    return max(0, max(arrival, now) + rate.interval - now - rate.interval * rate.burst)


def take(rate: Rate, arrival: int, now: int) -> int:
    """The arrival after one more was taken."""
    return max(arrival, now) + rate.interval


def give_back(rate: Rate, arrival: int, now: int) -> int:
    """The arrival as if one less had been taken; a bucket is never more than full."""
    return max(arrival - rate.interval, now)
