"""The text of a device code: `adc_` and base64url of grant id (16 bytes) and 32 random."""

import hmac
from dataclasses import dataclass, field
from uuid import UUID

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from authly_server.tokens import digest, sealed_text


PREFIX = "adc_"
RANDOM_BYTES = 32
_ID_BYTES = 16
_LABEL = b"authly user code"


@dataclass(frozen=True, slots=True)
class DeviceCode:
    """A well-formed code; that it was ever issued only the database knows."""

    grant_id: UUID
    text: str = field(repr=False)

    @property
    def digest(self) -> bytes:
        """The digest under which the code is stored."""
        return digest.sha256(self.text)


class UserCodes:
    """The digests of user codes: with a key, for whoever has a copy could try all the codes."""

    def __init__(self, secret: str) -> None:
        self._key = HKDF(SHA256(), length=32, salt=None, info=_LABEL).derive(secret.encode())

    def digest(self, user_code: str) -> bytes:
        """The digest under which a user code is stored."""
        return hmac.digest(self._key, user_code.encode(), "sha256")


def create(grant_id: UUID, entropy: bytes) -> DeviceCode:
    """Return a code for a grant to be; `entropy` is 32 fresh random bytes, else ValueError."""
    if len(entropy) != RANDOM_BYTES:
        message = "a device code takes 32 random bytes"
        raise ValueError(message)
    return DeviceCode(grant_id, sealed_text.write(PREFIX, grant_id.bytes + entropy))


def read(text: str) -> DeviceCode:
    """Return the code that a text is; raises TokenRefused."""
    content = sealed_text.read(PREFIX, text, _ID_BYTES + RANDOM_BYTES)
    return DeviceCode(UUID(bytes=content[:_ID_BYTES]), text)
