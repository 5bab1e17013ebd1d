"""A registered OAuth client, as every floor above storage sees it."""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID


class ClientType(StrEnum):
    """Whether a client can keep a secret (OAuth 2.1 section 2.1)."""

    CONFIDENTIAL = "confidential"
    PUBLIC = "public"


class AuthMethod(StrEnum):
    """How a client authenticates at the token endpoint (RFC 7591 section 2)."""

    CLIENT_SECRET_BASIC = "client_secret_basic"  # noqa: S105  # a method's name, not a secret
    CLIENT_SECRET_POST = "client_secret_post"  # noqa: S105  # a method's name, not a secret
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Client:
    """One row of clients with the names of its scopes.

    `id` is the database key, `client_id` the protocol's identifier. `secret_digests` are SHA-256
    digests of the secrets valid now, at most two. Lifetimes are seconds; None means the server's.
    """

    id: UUID
    client_id: str
    display_name: str
    type: ClientType
    auth_method: AuthMethod
    secret_digests: tuple[bytes, ...]
    grant_types: frozenset[str]
    redirect_uris: tuple[str, ...]
    scopes: frozenset[str]
    audiences: tuple[str, ...]
    require_pkce: bool
    access_token_ttl: int | None
    refresh_token_ttl: int | None
    enabled: bool
    client_uri: str | None = None
    logo_uri: str | None = None
