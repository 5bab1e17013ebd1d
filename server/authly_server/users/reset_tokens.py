"""Links by which people choose a new password: good once, for a quarter of an hour, for one person.

No row is written for them. A link is sealed over the hash of the present password, so that it is
over as soon as that is another one; and over the address that it was sent to.
"""

import hashlib
import hmac
from base64 import b64decode, urlsafe_b64encode
from typing import Final
from uuid import UUID

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from authly_server.model.user import User


LIFETIME: Final = 15 * 60
_ID_BYTES: Final = 16
_TIME_BYTES: Final = 6
_MAC_BYTES: Final = 32
# A multiple of three: base64 without padding.
_LENGTH: Final = (_ID_BYTES + _TIME_BYTES + _MAC_BYTES) * 4 // 3


class ResetTokens:
    """Makes and checks them; `secret` is the server's own."""

    def __init__(self, secret: str) -> None:
        self._key = HKDF(SHA256(), length=32, salt=None, info=b"authly password reset").derive(
            secret.encode()
        )

    def issue(self, user: User, now: int) -> str:
        """A token for that person; `now` in seconds of Unix time."""
        content = user.id.bytes + (now + LIFETIME).to_bytes(_TIME_BYTES)
        return urlsafe_b64encode(content + self._mac(content, user)).decode("ascii")

    def subject(self, token: str | None) -> UUID | None:
        """Whom it says to be for, which nothing has proved yet."""
        raw = _read(token)
        return None if raw is None else UUID(bytes=raw[:_ID_BYTES])

    def is_good(self, token: str | None, user: User, now: int) -> bool:
        """Whether it was made for that person, is not over, and has not been used."""
        raw = _read(token)
        if raw is None:
            return False
        content, mac = raw[:-_MAC_BYTES], raw[-_MAC_BYTES:]
        is_ours = hmac.compare_digest(mac, self._mac(content, user))
        is_theirs = content[:_ID_BYTES] == user.id.bytes
        return is_ours and is_theirs and now < int.from_bytes(content[_ID_BYTES:])

    def _mac(self, content: bytes, user: User) -> bytes:
        sealed = b"\0".join((content, user.password_hash.encode(), user.email.encode()))
        return hmac.new(self._key, sealed, hashlib.sha256).digest()


def _read(token: str | None) -> bytes | None:
    if token is None or len(token) != _LENGTH or not token.isascii():
        return None
    try:
        return b64decode(token, altchars=b"-_", validate=True)
    except ValueError:
        return None
