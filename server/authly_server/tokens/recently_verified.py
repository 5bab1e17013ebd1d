"""What tokens say whose signature is known to be right, so that asking costs no verification.

A signature of the same bytes by the same keys is as right the second time; what may have changed
meanwhile, the time and what the database says, is asked each time. Only good tokens are kept, so
that nobody who has none can fill it, and by their digests, so that no memory image holds them.
"""

import hashlib
from collections import OrderedDict
from collections.abc import Callable
from typing import Final, Generic, TypeVar


MOST: Final = 1024
MOST_ISSUED: Final = 4096
"""More, for whoever is handed a token asks about it some seconds later, if at all."""


V = TypeVar("V")


class RecentlyVerified(Generic[V]):
    """Tokens of one key ring, as they were read; the one not asked for the longest leaves first."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._read: OrderedDict[bytes, V] = OrderedDict()

    def find(self, text: str) -> V | None:
        """What that token says, if it has been verified not long ago."""
        return self._find(_digest(text))

    def find_or_take(self, issued: "RecentlyIssued[V]", text: str) -> V | None:
        """As `find`, or else among those issued here, from where it is taken over."""
        key = _digest(text)
        found = self._find(key)
        if found is None and (found := issued.take(key)) is not None:
            self._keep(key, found)
        return found

    def keep(self, text: str, read: V) -> None:
        """Remember what a token says, whose signature has just been verified."""
        self._keep(_digest(text), read)

    def _find(self, key: bytes) -> V | None:
        found = self._read.get(key)
        if found is not None:
            self._read.move_to_end(key)
        return found

    def _keep(self, key: bytes, read: V) -> None:
        self._read[key] = read
        if len(self._read) > self._most:
            self._read.popitem(last=False)


class RecentlyIssued(Generic[V]):
    """Tokens that were signed here and that nobody has asked about yet; the oldest leaves first.

    Most are never asked about, so what they say is not made before somebody does.
    """

    def __init__(self, most: int = MOST_ISSUED) -> None:
        self._most = most
        self._told: OrderedDict[bytes, Callable[[], V]] = OrderedDict()

    def keep(self, text: str, tell: Callable[[], V]) -> None:
        """Remember a token by what makes what it says."""
        self._told[_digest(text)] = tell
        if len(self._told) > self._most:
            self._told.popitem(last=False)

    def take(self, key: bytes) -> V | None:
        """What the token of that digest says, which is forgotten here."""
        tell = self._told.pop(key, None)
        return None if tell is None else tell()


def _digest(text: str) -> bytes:
    """Of any text, also of what no token is: two texts never have the same."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
