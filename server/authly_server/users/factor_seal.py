"""Keys of one-time passwords, sealed: without SECRET_KEY a database holds none that is of use.

And what is offered to somebody who sets one up: nothing is stored until they have shown that their
application has the key.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Final
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from authly_server.users import one_time_codes


NONCE_BYTES: Final = 12
OFFER_SECONDS: Final = 10 * 60
_TIME_BYTES: Final = 6
_MOST_OFFER_CHARACTERS: Final = 256


class FactorSeal:
    """Seals and opens; each purpose has a key of its own, made of the server's `secret`."""

    def __init__(self, secret: str) -> None:
        self._stored = AESGCM(_derive(secret, b"authly second factor key"))
        self._offered = AESGCM(_derive(secret, b"authly second factor offer"))

    def close(self, user_id: UUID, key: bytes, nonce: bytes) -> bytes:
        """What is stored; it opens for nobody else. `nonce` is 12 random bytes."""
        return nonce + self._stored.encrypt(nonce, key, user_id.bytes)

    def open(self, user_id: UUID, sealed: bytes) -> bytes | None:
        """The key; None if it was sealed by another secret, or for somebody else."""
        try:
            return self._stored.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], user_id.bytes)
        except (ValueError, InvalidTag):
            return None

    def offer(self, session_id: UUID, key: bytes, now: int, nonce: bytes) -> str:
        """A new key for the person of a session, as a form carries it for ten minutes."""
        content = (now + OFFER_SECONDS).to_bytes(_TIME_BYTES) + key
        sealed = nonce + self._offered.encrypt(nonce, content, session_id.bytes)
        return urlsafe_b64encode(sealed).decode("ascii")

    def read_offer(self, session_id: UUID, text: str | None, now: int) -> bytes | None:
        """The key of an offer that was made in that session and is not over."""
        if text is None or len(text) > _MOST_OFFER_CHARACTERS:
            return None
        try:
            raw = urlsafe_b64decode(text.encode("ascii"))
            content = self._offered.decrypt(raw[:NONCE_BYTES], raw[NONCE_BYTES:], session_id.bytes)
        except (ValueError, InvalidTag):
            return None
        expires, key = int.from_bytes(content[:_TIME_BYTES]), content[_TIME_BYTES:]
        return key if now < expires and len(key) == one_time_codes.KEY_BYTES else None


def _derive(secret: str, label: bytes) -> bytes:
    return HKDF(SHA256(), length=32, salt=None, info=label).derive(secret.encode())
