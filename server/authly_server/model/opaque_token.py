"""An opaque access token: a row that says what a JWT would say, under a digest of its text."""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True)
class DueToken:
    """One to be written in the statement that consumes what it is issued for.

    Its scopes are those asked for, or all that was granted where that is None, as far as they are
    among the client's; its audience is the resources asked for, else those granted, else the
    default. `ttl` is in seconds from now, `dpop_jkt` the thumbprint of the key that it is bound to.
    """

    digest: bytes = field(repr=False)
    ttl: int
    scopes: frozenset[str] | None
    client_scopes: frozenset[str]
    resources: tuple[str, ...]
    default_audience: tuple[str, ...]
    dpop_jkt: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class OpaqueToken:
    """What a live one says; fields as of `tokens.access_token.AccessToken`."""

    subject: str
    client_id: str
    audience: tuple[str, ...]
    scopes: frozenset[str]
    grant_id: UUID | None
    issued_at: datetime
    expires_at: datetime
    dpop_jkt: str | None
    actors: tuple[tuple[str, str], ...]
    """Subject and client of each, the present one first."""
    granted_to: str | None
