"""AuthlyClient: an OAuth client registered with one server, and the Secret its pods read."""

from enum import StrEnum
from typing import Annotated

from pydantic import ConfigDict, Field

from authly_operator.api import duration, redirect, reference, rotation as rotations, value
from authly_operator.api.client_authentication import Auth, AuthMethod
from authly_operator.api.client_status import Status
from authly_operator.api.drift import DriftPolicy
from authly_operator.api.secret_template import SecretTemplate


Origin = Annotated[
    str,
    Field(
        max_length=253,
        pattern=r"^https?://([a-z0-9.-]+|\[[0-9a-f:.]+\])(:[0-9]{1,5})?$",
    ),
]


class ClientType(StrEnum):
    """Whether the client can keep a secret (RFC 6749 section 2.1)."""

    CONFIDENTIAL = "Confidential"
    PUBLIC = "Public"


class GrantType(StrEnum):
    """Grant types of OAuth 2.1, RFC 8628 and RFC 8693, as on the wire."""

    AUTHORIZATION_CODE = "authorization_code"
    REFRESH_TOKEN = "refresh_token"  # noqa: S105 - the name of a grant
    CLIENT_CREDENTIALS = "client_credentials"
    DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code"
    TOKEN_EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"  # noqa: S105 - likewise


class DeletionPolicy(StrEnum):
    """What becomes of the registered client when the resource is deleted."""

    DELETE = "Delete"
    DISABLE = "Disable"
    ORPHAN = "Orphan"


class AdoptionPolicy(StrEnum):
    """Whether a client that is registered already, and belongs to nobody, is taken over."""

    NEVER = "Never"
    IF_UNOWNED = "IfUnowned"


class Tokens(value.Value):
    """Lifetimes of this client's tokens; the server's where omitted."""

    model_config = ConfigDict(
        json_schema_extra=value.rules(
            value.rule(
                "!has(self.accessTokenTTL) || (duration(self.accessTokenTTL) >= duration('1s')"
                " && duration(self.accessTokenTTL) <= duration('24h'))",
                "accessTokenTTL must be between 1s and 24h",
            ),
            value.rule(
                "!has(self.refreshTokenTTL) || (duration(self.refreshTokenTTL) >= duration('1s')"
                " && duration(self.refreshTokenTTL) <= duration('8760h'))",
                "refreshTokenTTL must be between 1s and 8760h",
            ),
        )
    )

    access_token_ttl: Annotated[duration.Duration | None, Field(alias="accessTokenTTL")] = None
    """How long an access token is valid, for example 15m."""
    refresh_token_ttl: Annotated[duration.Duration | None, Field(alias="refreshTokenTTL")] = None
    """How long a refresh token is valid, for example 168h."""


class Metadata(value.Value):
    """What is told of the client; the consent page leads to its pages."""

    client_uri: reference.WebUri | None = None
    """The client's home page."""
    logo_uri: reference.WebUri | None = None
    """The client's logo; registered, and shown nowhere: a page of the server loads no picture of
    others."""
    tos_uri: reference.WebUri | None = None
    """The client's terms of service."""
    policy_uri: reference.WebUri | None = None
    """How the client treats what it learns of people."""
    contacts: Annotated[
        tuple[Annotated[str, Field(min_length=1, max_length=253)], ...],
        Field(max_length=16, json_schema_extra=reference.SET),
    ] = ()
    """Who is responsible for the client, as mail addresses: the consent page shows the first
    three."""


class Spec(value.Value):
    """The client to register."""

    model_config = ConfigDict(
        json_schema_extra=value.rules(
            value.rule(
                "has(self.clientId) == has(oldSelf.clientId)"
                " && (!has(self.clientId) || self.clientId == oldSelf.clientId)",
                "clientId is immutable: create another AuthlyClient with the new clientId",
            ),
            value.rule(
                "self.type != 'Public' || !has(self.auth.method) || self.auth.method == 'None'",
                "a Public client cannot keep a secret: set auth.method to None or omit it",
            ),
            value.rule(
                "self.type != 'Public' || !has(self.auth.secret)",
                "a Public client has no secret: remove auth.secret",
            ),
            value.rule(
                "self.type != 'Confidential' || !has(self.auth.method)"
                " || self.auth.method != 'None'",
                "a Confidential client must authenticate: set auth.method to ClientSecretBasic"
                " or ClientSecretPost, or type to Public",
            ),
            value.rule(
                "self.type != 'Public' || self.requirePkce",
                "requirePkce may be false for Confidential clients only",
            ),
            value.rule(
                "self.type != 'Public' || !('client_credentials' in self.grantTypes)",
                "client_credentials needs a client that can keep a secret: set type to"
                " Confidential",
            ),
            value.rule(
                f"self.type != 'Public' || !('{GrantType.TOKEN_EXCHANGE}' in self.grantTypes)",
                "token-exchange needs a client that can keep a secret: set type to Confidential",
            ),
            value.rule(
                "('authorization_code' in self.grantTypes) == (size(self.redirectUris) > 0"
                " || size(self.redirectUrisFrom) > 0)",
                "authorization_code and redirectUris belong together: set both or neither;"
                " redirectUrisFrom counts too",
            ),
            value.rule(
                "!('refresh_token' in self.grantTypes) || 'authorization_code' in self.grantTypes"
                f" || '{GrantType.DEVICE_CODE}' in self.grantTypes",
                "refresh_token continues what a person granted: add authorization_code or"
                " device_code",
            ),
            value.rule(
                "!has(self.secretTemplate.keys) || has(self.secretTemplate.keys.clientSecret)"
                " || self.type == 'Public' || (has(self.auth.method)"
                " && self.auth.method in ['PrivateKeyJwt', 'ServiceAccount'])",
                "the Secret is where the client secret is kept: set"
                " secretTemplate.keys.clientSecret",
            ),
            value.rule(
                "!has(self.secretTemplate.keys) || has(self.secretTemplate.keys.privateKey)"
                " || !has(self.auth.privateKeyJwt) || !self.auth.privateKeyJwt.generate",
                "the Secret is where the generated key is kept: set secretTemplate.keys.privateKey",
            ),
            *rotations.RULES,
        )
    )

    server_ref: Annotated[
        reference.ServerReference,
        Field(
            json_schema_extra=value.rules(
                value.rule(
                    "self == oldSelf",
                    "serverRef is immutable: create another AuthlyClient for the other server",
                )
            )
        ),
    ]
    """The AuthlyServer the client is registered with; immutable."""
    client_id: (
        Annotated[str, Field(min_length=1, max_length=255, pattern=r"^[A-Za-z0-9._~-]+$")] | None
    ) = None
    """The OAuth client_id; `<namespace>.<name>` where omitted. Immutable."""
    display_name: Annotated[str, Field(max_length=128)] = ""
    """What users read on the consent page; metadata.name where empty."""
    type: ClientType = ClientType.CONFIDENTIAL
    """Confidential (can keep a secret) or Public (browser and native applications)."""
    grant_types: Annotated[
        tuple[GrantType, ...],
        Field(min_length=1, max_length=5, json_schema_extra=reference.SET),
    ]
    """How the client gets tokens; OAuth 2.1 has no implicit and no password grant."""
    redirect_uris: Annotated[
        tuple[redirect.RedirectUri, ...], Field(max_length=16, json_schema_extra=reference.SET)
    ] = ()
    """Where the user's browser is sent back to, compared character by character."""
    redirect_uris_from: Annotated[
        tuple[redirect.RedirectSource, ...],
        Field(max_length=8, json_schema_extra=reference.ATOMIC),
    ] = ()
    """Redirect URIs beside these, by the hosts of Ingresses or HTTPRoutes, which they follow."""
    scopes: Annotated[
        tuple[reference.ScopeName, ...], Field(max_length=64, json_schema_extra=reference.SET)
    ] = ()
    """The scopes the client may ask for; each must be registered with the server."""
    audiences: Annotated[
        tuple[Annotated[str, Field(min_length=1, max_length=512)], ...],
        Field(max_length=16, json_schema_extra=reference.SET),
    ] = ()
    """The audiences (aud) of the client's access tokens."""
    post_logout_redirect_uris: Annotated[
        tuple[redirect.RedirectUri, ...], Field(max_length=16, json_schema_extra=reference.SET)
    ] = ()
    """Where the user's browser may be sent after a logout that the client began."""
    backchannel_logout_uri: (
        Annotated[str, Field(max_length=2048, pattern=r"^https://[^#\s]+$")] | None
    ) = None
    """Where the server tells the client that a user who was given openid has logged out, by https;
    the server must be allowed to connect there."""
    allowed_cors_origins: Annotated[
        tuple[Origin, ...], Field(max_length=16, json_schema_extra=reference.SET)
    ] = ()
    """Origins of the client's scripts, for example https://app.example.com."""
    require_pushed_authorization: bool = False
    """Whether authorization requests have to be pushed first (RFC 9126)."""
    dpop_bound: bool = False
    """Whether the client's tokens are always bound to a key (RFC 9449)."""
    require_pkce: bool = True
    """Whether PKCE with S256 is demanded; false for confidential clients only, and of no effect
    where the AuthlyServer's oauth.requirePkce demands it of all."""
    tokens: Tokens = Field(default_factory=Tokens)
    """Lifetimes of this client's tokens; the server's where omitted."""
    metadata: Metadata = Field(default_factory=Metadata)
    """What is told of the client; the consent page leads to its pages."""
    enabled: bool = True
    """False keeps the registration and refuses every request of the client."""
    auth: Auth = Field(default_factory=Auth)
    """How the client authenticates."""
    secret_template: SecretTemplate = Field(default_factory=SecretTemplate)
    """The Secret that the operator writes for the client's pods."""
    rotation: rotations.Rotation | None = None
    """When the client secret, or generated key, is replaced; edits of it have an overlap of 24h
    where omitted."""
    drift_policy: DriftPolicy = DriftPolicy.ENFORCE
    """Enforce puts back what somebody changes of the registration in the server's database; Report
    leaves it and tells of it, in Synced and status.drift. What a spec has no field for is left."""
    adoption_policy: AdoptionPolicy = AdoptionPolicy.NEVER
    """IfUnowned takes over a registration of the clientId that nobody owns, whose secret stays
    valid for rotation.overlap; Never reports Conflict. One of another resource is always left."""
    deletion_policy: DeletionPolicy = DeletionPolicy.DELETE
    """Delete removes the client and its tokens, Disable keeps it refused, Orphan leaves it."""

    def auth_method(self) -> AuthMethod:
        """The method that holds, where none was chosen too."""
        public = self.type is ClientType.PUBLIC
        return self.auth.method or (AuthMethod.NONE if public else AuthMethod.CLIENT_SECRET_BASIC)

    def has_generated_key(self) -> bool:
        """Whether the operator draws the key that the client proves itself by."""
        keys = self.auth.private_key_jwt
        return keys is not None and keys.generate

    def is_rotated(self) -> bool:
        """Whether there is a secret, or a key of the operator's, that another one can replace."""
        return self.has_secret() or self.has_generated_key()

    def has_secret(self) -> bool:
        """Whether client and server share a secret."""
        return self.auth_method() in {
            AuthMethod.CLIENT_SECRET_BASIC,
            AuthMethod.CLIENT_SECRET_POST,
        }


class AuthlyClient(value.Value):
    """An OAuth client of an authorization server."""

    model_config = ConfigDict(title="AuthlyClient")

    spec: Spec
    """The client to register."""
    status: Status | None = None
    """What the operator observed."""
