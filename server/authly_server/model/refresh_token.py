"""A family of refresh tokens: one row a grant, one live generation, and how a rotation can end.

A token carries its grant, its generation, the family's nonce and a MAC over them under a key that
is not in the database; the row holds the digest of the live generation and of the one before it.
"""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from authly_server.model.grant import Grant


@dataclass(frozen=True, slots=True)
class NewRefreshFamily:
    """Generation 0 of a family; `ttl` in seconds from now, renewed at each rotation.

    `dpop_jkt` is the thumbprint of the key that the family is bound to (RFC 9449 section 5).
    """

    digest: bytes
    ttl: int
    dpop_jkt: str | None = None


@dataclass(frozen=True, slots=True)
class RefreshRotation:
    """A presented token whose MAC was right, and its successor.

    `ttl` and `grace` are seconds: within `grace` of a rotation the same successor is answered
    again as long as nobody has used it. `dpop_jkt` is the thumbprint of the key that the request
    proves; a family that is bound to none yet is bound to it where `binds` says so. Where `keeps`
    does, the presented token stays the live one, and has no successor.
    """

    grant_id: UUID
    client_id: UUID
    generation: int
    presented_digest: bytes
    successor_digest: bytes
    ttl: int
    grace: int
    dpop_jkt: str | None = None
    binds: bool = False
    keeps: bool = False


class RefreshRefusal(StrEnum):
    """Why a token was refused; for logs and metrics, the client only learns invalid_grant."""

    UNKNOWN = "unknown"
    EXPIRED = "expired"
    REVOKED = "revoked"
    OTHER_CLIENT = "other_client"
    OTHER_KEY = "other_key"


@dataclass(frozen=True, slots=True)
class Rotated:
    """The presented token is consumed, or was a moment ago (`retried`); its successor is live.

    Unless it was `kept`: then it is live itself.
    """

    grant: Grant
    retried: bool
    kept: bool = False


@dataclass(frozen=True, slots=True)
class RefreshReplayed:
    """A consumed token came back: the whole family is revoked now (RFC 9700, 4.14.2)."""

    grant_id: UUID


@dataclass(frozen=True, slots=True)
class RefreshRefused:
    """Nothing changed."""

    reason: RefreshRefusal


RefreshOutcome = Rotated | RefreshReplayed | RefreshRefused
