"""Opaque access tokens: `aat_` and base64url of 32 random bytes, which say nothing themselves."""

import hashlib
from uuid import UUID

from authly_server.model.opaque_token import OpaqueToken
from authly_server.storage import opaque_tokens
from authly_server.storage.pool import Database
from authly_server.tokens import digest, sealed_text
from authly_server.tokens.access_token import AccessToken, Actor
from authly_server.tokens.refusal import TokenRefused


PREFIX = "aat_"
RANDOM_BYTES = 32
_JTI_CHARACTERS = 32


def create(entropy: bytes) -> str:
    """Return a token; `entropy` is 32 fresh random bytes, else ValueError."""
    if len(entropy) != RANDOM_BYTES:
        message = "an opaque access token takes 32 random bytes"
        raise ValueError(message)
    return sealed_text.write(PREFIX, entropy)


def read(text: str) -> bytes:
    """Return the digest under which a well-formed token is stored; raises TokenRefused."""
    sealed_text.read(PREFIX, text, RANDOM_BYTES)
    return digest.sha256(text)


async def write(
    database: Database, text: str, token: AccessToken, *, client_id: UUID, ttl: int
) -> None:
    """Store what the token says, for which nothing was consumed; `client_id` is the key."""
    row = OpaqueToken(
        subject=token.subject,
        client_id=token.client_id,
        audience=token.audience,
        scopes=token.scopes,
        grant_id=token.grant_id,
        issued_at=token.issued_at,
        expires_at=token.expires_at,
        dpop_jkt=token.key_thumbprint,
        actors=tuple((actor.subject, actor.client_id) for actor in token.actors),
        granted_to=token.granted_to,
    )
    await opaque_tokens.insert(
        database, row, digest=digest.sha256(text), client_id=client_id, ttl=ttl
    )


async def find_live(database: Database, text: str, issuer: str) -> AccessToken:
    """What a token of ours says that is valid and live now; raises TokenRefused.

    One read, and nothing is left to ask. Whom it is meant for is the caller's to check.
    """
    key = read(text)
    found = await opaque_tokens.find_live(database, key)
    if found is None:
        message = "unknown, expired or revoked"
        raise TokenRefused(message)
    return _as_access_token(found, key, issuer)


def _as_access_token(found: OpaqueToken, key: bytes, issuer: str) -> AccessToken:
    return AccessToken(
        issuer=issuer,
        subject=found.subject,
        client_id=found.client_id,
        audience=found.audience,
        scopes=found.scopes,
        # A name that tells neither the token nor its digest.
        jti=hashlib.sha256(key).hexdigest()[:_JTI_CHARACTERS],
        grant_id=found.grant_id,
        issued_at=found.issued_at,
        expires_at=found.expires_at,
        key_thumbprint=found.dpop_jkt,
        actors=tuple(Actor(subject, client_id) for subject, client_id in found.actors),
        granted_to=found.granted_to,
    )
