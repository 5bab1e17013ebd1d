"""An authorization code: what is bound to it, and how its redemption can end."""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from authly_server.model.grant import Authentication, Grant


@dataclass(frozen=True, slots=True)
class NewAuthorizationCode:
    """What is written when a user consents; `ttl` is in seconds, `digest` SHA-256 of the code.

    The code itself carries `grant_id`, so that the refresh family can be derived before the row
    is consumed. `redirect_uri` is None where the authorization request left
    it out (one was registered).
    `code_challenge` is None only for a confidential client that need not use PKCE. The claims were
    asked for one by one, and `claim_scopes` are the scopes that cover them and are not granted.
    `dpop_jkt` is the thumbprint of the one key that the code may be redeemed with, if it is bound.
    `user_id` and `authentication` are None where the session tells them that the code is issued in.
    """

    grant_id: UUID
    digest: bytes
    client_id: UUID
    user_id: UUID | None
    scopes: frozenset[str]
    resources: tuple[str, ...]
    redirect_uri: str | None
    code_challenge: str | None
    ttl: int
    nonce: str | None = None
    authentication: Authentication | None = None
    id_token_claims: frozenset[str] = frozenset()
    userinfo_claims: frozenset[str] = frozenset()
    claim_scopes: frozenset[str] = frozenset()
    dpop_jkt: str | None = None


@dataclass(frozen=True, slots=True)
class CodeRedemption:
    """What a token request proves about a code; compared with the row in one statement.

    `code_challenge` is the S256 transformation of the verifier that was sent, None for none sent;
    `dpop_jkt` the thumbprint of the key that the request proves, likewise.
    """

    digest: bytes
    client_id: UUID
    redirect_uri: str | None
    code_challenge: str | None
    dpop_jkt: str | None = None


class CodeRefusal(StrEnum):
    """Why a code was refused; for logs and metrics, the client only learns invalid_grant."""

    UNKNOWN = "unknown"
    EXPIRED = "expired"
    REVOKED = "revoked"
    OTHER_CLIENT = "other_client"
    OTHER_REDIRECT_URI = "other_redirect_uri"
    OTHER_VERIFIER = "other_verifier"
    OTHER_KEY = "other_key"


@dataclass(frozen=True, slots=True)
class CodeRedeemed:
    """The code was consumed, once and for all; `nonce` is the authorization request's."""

    grant: Grant
    nonce: str | None = None


@dataclass(frozen=True, slots=True)
class CodeReplayed:
    """The code had been used and all else was valid: its grant is revoked now (RFC 9700, 4.5)."""

    grant_id: UUID


@dataclass(frozen=True, slots=True)
class CodeRefused:
    """Nothing changed."""

    reason: CodeRefusal


CodeOutcome = CodeRedeemed | CodeReplayed | CodeRefused
