"""Copies of what was fetched, for as long as its Cache-Control says, within limits of ours."""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final


SHORTEST: Final = 60.0
LONGEST: Final = 3600.0
USUAL: Final = 300.0
MOST_COPIES: Final = 500
_MOST_DIGITS: Final = 10


@dataclass(frozen=True, slots=True)
class _Copy:
    content: bytes
    made_at: float
    expires_at: float


class Copies:
    """A bounded cache; the copy least recently used leaves first. Nothing else is kept."""

    def __init__(self, monotonic: Callable[[], float], capacity: int = MOST_COPIES) -> None:
        self._monotonic = monotonic
        self._capacity = capacity
        self._copies: OrderedDict[str, _Copy] = OrderedDict()

    def get(self, url: str, max_age: float | None) -> bytes | None:
        """A copy that has not expired and is not older than `max_age` seconds."""
        copy, now = self._copies.get(url), self._monotonic()
        if copy is None or copy.expires_at <= now:
            self._copies.pop(url, None)
            return None
        if max_age is not None and now - copy.made_at >= max_age:
            return None
        self._copies.move_to_end(url)
        return copy.content

    def put(self, url: str, content: bytes, cache_control: str) -> None:
        """Keep a copy for the lifetime that the response's Cache-Control asks for."""
        now = self._monotonic()
        self._copies[url] = _Copy(content, now, now + lifetime(cache_control))
        self._copies.move_to_end(url)
        if len(self._copies) > self._capacity:
            self._copies.popitem(last=False)


def lifetime(cache_control: str) -> float:
    """Seconds for which a copy counts (RFC 9111 section 5.2.2).

    Even what is not to be stored is kept for a minute: otherwise every request to us would be one
    to the client's host.
    """
    directives = [part.strip().lower() for part in cache_control.split(",")]
    if {"no-store", "no-cache"} & set(directives):
        return SHORTEST
    for directive in directives:
        name, _, value = directive.partition("=")
        if name == "max-age":
            return _limited(value.strip('"'))
    return USUAL


def _limited(seconds: str) -> float:
    if not (seconds.isascii() and seconds.isdigit()):
        return USUAL
    if len(seconds) > _MOST_DIGITS:
        return LONGEST
    return min(max(float(seconds), SHORTEST), LONGEST)
