"""A registered OAuth client, as every floor above storage sees it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any
from uuid import UUID


class ClientType(StrEnum):
    """Whether a client can keep a secret (OAuth 2.1 section 2.1)."""

    CONFIDENTIAL = "confidential"
    PUBLIC = "public"


class AuthMethod(StrEnum):
    """How a client authenticates at the token endpoint (RFC 7591 section 2).

    SERVICE_ACCOUNT is ours: the assertion is a token of a Kubernetes service account.
    """

    CLIENT_SECRET_BASIC = "client_secret_basic"  # noqa: S105  # a method's name, not a secret
    CLIENT_SECRET_POST = "client_secret_post"  # noqa: S105  # a method's name, not a secret
    PRIVATE_KEY_JWT = "private_key_jwt"
    SERVICE_ACCOUNT = "service_account"
    NONE = "none"


class ClientOrigin(StrEnum):
    """Who registered a client: the operator, the client itself, or its metadata document."""

    OPERATOR = "operator"
    DYNAMIC = "dynamic"
    DOCUMENT = "document"


@dataclass(frozen=True, slots=True)
class Client:
    """One row of clients with the names of its scopes.

    `id` is the database key, `client_id` the protocol's identifier. `secret_digests` are SHA-256
    digests of the secrets valid now, at most four. Lifetimes are seconds; None means the server's,
    as it does for algorithms. `jwks` is a set of public keys (RFC 7517 section 5), and there is
    never a `jwks_uri` beside it. `service_account` is `namespace/name`.
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
    tos_uri: str | None = None
    policy_uri: str | None = None
    contacts: tuple[str, ...] = ()
    jwks: Mapping[str, Any] | None = None
    jwks_uri: str | None = None
    service_account: str | None = None
    service_account_audience: str | None = None
    require_pushed_authorization: bool = False
    dpop_bound: bool = False
    post_logout_redirect_uris: tuple[str, ...] = ()
    backchannel_logout_uri: str | None = None
    id_token_signed_response_alg: str | None = None
    userinfo_signed_response_alg: str | None = None
    default_max_age: int | None = None
    allowed_cors_origins: tuple[str, ...] = ()
    origin: ClientOrigin = ClientOrigin.OPERATOR
    registration_token_digest: bytes | None = None
    last_used_on: date | None = None
