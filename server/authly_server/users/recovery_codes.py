"""Codes on paper, for who has lost the application that makes the others: each good once.

80 random bits each, so that nobody guesses one; the database holds digests.
"""

import hashlib
from base64 import b32encode
from collections.abc import Sequence
from typing import Final
from uuid import UUID


COUNT: Final = 10
BYTES: Final = 10
_GROUP: Final = 4
_LENGTH: Final = BYTES * 8 // 5
_ALPHABET: Final = frozenset("abcdefghijklmnopqrstuvwxyz234567")


def write(drawn: bytes) -> tuple[str, ...]:
    """The codes of COUNT times BYTES random bytes, in groups of four."""
    raw = [drawn[at : at + BYTES] for at in range(0, COUNT * BYTES, BYTES)]
    return tuple(_grouped(b32encode(each).decode("ascii").lower()) for each in raw)


def parse(text: str) -> str | None:
    """A code without its hyphens; None for what cannot be one. Case and spaces do not count."""
    if not text.isascii():
        return None
    code = text.replace(" ", "").replace("-", "").lower()
    return code if len(code) == _LENGTH and _ALPHABET.issuperset(code) else None


def digest(user_id: UUID, code: str) -> bytes:
    """SHA-256 of a parsed code of that person."""
    content = b"authly recovery code\0" + user_id.bytes + code.encode("ascii")
    return hashlib.sha256(content).digest()


def digests(user_id: UUID, codes: Sequence[str]) -> list[bytes]:
    """What is stored of new codes."""
    return [digest(user_id, code.replace("-", "")) for code in codes]


def _grouped(text: str) -> str:
    return "-".join(text[at : at + _GROUP] for at in range(0, len(text), _GROUP))
