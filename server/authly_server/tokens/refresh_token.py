"""The text of a refresh token, which is derived and not stored.

`art_` and base64url of grant id (16 bytes), generation (unsigned, 32 bits, big endian), the
family's nonce (16 bytes) and HMAC-SHA256 of those. The successor of a token can be computed again
by who has the key, so that a retried rotation gets the same answer; the database has no key.
"""

import hmac
import struct
from dataclasses import dataclass, field
from uuid import UUID

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from authly_server.tokens import digest, sealed_text
from authly_server.tokens.refusal import TokenRefused


PREFIX = "art_"
NONCE_BYTES = 16
LAST_GENERATION = 2**31 - 1
_SHAPE = struct.Struct(">16sI16s")
_MAC_BYTES = 32
_LABEL = b"authly refresh token"


@dataclass(frozen=True, slots=True)
class RefreshTokenValue:
    """A token with a valid MAC; whether it is the family's live one only the database knows."""

    grant_id: UUID
    generation: int
    nonce: bytes = field(repr=False)
    text: str = field(repr=False)

    @property
    def digest(self) -> bytes:
        """The digest under which the token is stored."""
        return digest.sha256(self.text)

    def successor(self, key: bytes) -> "RefreshTokenValue":
        """Return the next generation; raises TokenRefused after the last that a column holds."""
        if self.generation >= LAST_GENERATION:
            message = "the family has no further generation"
            raise TokenRefused(message)
        return _create(key, self.grant_id, self.generation + 1, self.nonce)


def derive_key(secret: str) -> bytes:
    """Return the 32-byte MAC key of JWT_REFRESH_SECRET_KEY."""
    kdf = HKDF(algorithm=hashes.SHA256(), length=_MAC_BYTES, salt=None, info=_LABEL)
    return kdf.derive(secret.encode())


def first(key: bytes, grant_id: UUID, nonce: bytes) -> str:
    """Return generation 0 of a family; `nonce` is 16 fresh random bytes, else ValueError."""
    if len(nonce) != NONCE_BYTES:
        message = "a refresh token's nonce has 16 bytes"
        raise ValueError(message)
    return _create(key, grant_id, 0, nonce).text


def read(key: bytes, token: str) -> RefreshTokenValue:
    """Return the token that a text is; raises TokenRefused, in constant time for a wrong MAC."""
    content = sealed_text.read(PREFIX, token, _SHAPE.size + _MAC_BYTES)
    body, mac = content[: _SHAPE.size], content[_SHAPE.size :]
    if not hmac.compare_digest(mac, _mac(key, body)):
        message = "the MAC is wrong"
        raise TokenRefused(message)
    grant_id, generation, nonce = _SHAPE.unpack(body)
    return RefreshTokenValue(UUID(bytes=grant_id), generation, nonce, token)


def _create(key: bytes, grant_id: UUID, generation: int, nonce: bytes) -> RefreshTokenValue:
    body = _SHAPE.pack(grant_id.bytes, generation, nonce)
    text = sealed_text.write(PREFIX, body + _mac(key, body))
    return RefreshTokenValue(grant_id, generation, nonce, text)


def _mac(key: bytes, body: bytes) -> bytes:
    return hmac.digest(key, body, "sha256")
