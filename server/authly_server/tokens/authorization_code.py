"""The text of an authorization code: `ac_` and base64url of grant id (16 bytes) and 32 random."""

from dataclasses import dataclass, field
from uuid import UUID

from authly_server.tokens import digest, sealed_text


PREFIX = "ac_"
RANDOM_BYTES = 32
_ID_BYTES = 16


@dataclass(frozen=True, slots=True)
class AuthorizationCode:
    """A well-formed code; that it was ever issued only the database knows."""

    grant_id: UUID
    text: str = field(repr=False)

    @property
    def digest(self) -> bytes:
        """The digest under which the code is stored."""
        return digest.sha256(self.text)


def create(grant_id: UUID, entropy: bytes) -> AuthorizationCode:
    """Return a code for a grant; `entropy` is 32 fresh random bytes, else ValueError."""
    if len(entropy) != RANDOM_BYTES:
        message = "an authorization code takes 32 random bytes"
        raise ValueError(message)
    return AuthorizationCode(grant_id, sealed_text.write(PREFIX, grant_id.bytes + entropy))


def read(text: str) -> AuthorizationCode:
    """Return the code that a text is; raises TokenRefused."""
    content = sealed_text.read(PREFIX, text, _ID_BYTES + RANDOM_BYTES)
    return AuthorizationCode(UUID(bytes=content[:_ID_BYTES]), text)
