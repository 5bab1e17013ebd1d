"""What tokens said whose signature is right, so that asking again costs no second verification.

A signature of the same bytes by the same keys is as right the second time; what may have changed
meanwhile, the time and what the database says, is asked each time. Only good tokens are kept, so
that nobody who has none can fill it, and by their digests, so that no memory image holds them.
"""

import hashlib
from collections import OrderedDict
from typing import Final, Generic, TypeVar


MOST: Final = 2048


V = TypeVar("V")


class RecentlyVerified(Generic[V]):
    """Tokens of one key ring, as they were read; the one not asked for the longest leaves first."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._read: OrderedDict[bytes, V] = OrderedDict()

    def find(self, text: str) -> V | None:
        """What that token says, if it has been verified not long ago."""
        return self._find(_digest(text))

    def find_or_in(self, other: "RecentlyVerified[V]", text: str) -> V | None:
        """As `find`, here or else in another one; the token is digested once."""
        key = _digest(text)
        return self._find(key) or other._find(key)  # of the same class

    def _find(self, key: bytes) -> V | None:
        found = self._read.get(key)
        if found is not None:
            self._read.move_to_end(key)
        return found

    def keep(self, text: str, read: V) -> None:
        """Remember what a token says, whose signature has just been verified or made."""
        self._read[_digest(text)] = read
        if len(self._read) > self._most:
            self._read.popitem(last=False)


def _digest(text: str) -> bytes:
    """Of any text, also of what no token is: two texts never have the same."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
