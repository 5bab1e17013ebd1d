"""What an AuthlyServer issues, to whom, and what it demands."""

from enum import StrEnum
from typing import Annotated

from pydantic import ConfigDict, Field

from authly_operator.api import duration, reference, registration, value


Origins = Annotated[
    tuple[
        Annotated[
            str, Field(max_length=253, pattern=r"^(\*|https?://[a-z0-9.\[\]:-]*[a-z0-9\]])$")
        ],
        ...,
    ],
    Field(max_length=64, json_schema_extra=reference.SET),
]
HostNames = Annotated[
    tuple[Annotated[str, Field(max_length=253, pattern=r"^[A-Za-z0-9.\[\]:-]+$")], ...],
    Field(max_length=64, json_schema_extra=reference.SET),
]
Networks = Annotated[
    tuple[Annotated[str, Field(min_length=2, max_length=43)], ...],
    Field(
        max_length=64,
        json_schema_extra={
            **reference.SET,
            **value.rules(
                value.rule(
                    "self.all(one, isIP(one) || (isCIDR(one) && cidr(one).masked() == cidr(one)))",
                    "these are networks, for example 10.0.0.0/8 or fd00::/8: without bits after the"
                    " prefix",
                )
            ),
        },
    ),
]


class AccessTokenFormat(StrEnum):
    """What access tokens are."""

    JWT = "JWT"
    OPAQUE = "Opaque"


class Tokens(value.Value):
    """What the server issues, and how long it lives."""

    model_config = ConfigDict(
        json_schema_extra=value.rules(
            value.rule(
                "duration(self.accessTokenTTL) >= duration('1s')"
                " && duration(self.accessTokenTTL) <= duration('24h')",
                "accessTokenTTL must be between 1s and 24h",
            ),
            value.rule(
                "duration(self.refreshTokenTTL) >= duration('1s')"
                " && duration(self.refreshTokenTTL) <= duration('8760h')",
                "refreshTokenTTL must be between 1s and 8760h",
            ),
            value.rule(
                "duration(self.authorizationCodeTTL) >= duration('1s')"
                " && duration(self.authorizationCodeTTL) <= duration('10m')",
                "authorizationCodeTTL must be between 1s and 10m (RFC 6749 section 4.1.2)",
            ),
        )
    )

    access_token_ttl: Annotated[duration.Duration, Field(alias="accessTokenTTL")] = "30m"  # noqa: S105 - a duration
    """How long an access token is valid."""
    refresh_token_ttl: Annotated[duration.Duration, Field(alias="refreshTokenTTL")] = "168h"  # noqa: S105 - a duration
    """How long a refresh token is valid."""
    authorization_code_ttl: Annotated[duration.Duration, Field(alias="authorizationCodeTTL")] = (
        "10m"
    )
    """How long an authorization code is valid; 10m at most."""
    access_token_format: AccessTokenFormat = AccessTokenFormat.JWT
    """JWT (RFC 9068), which resource servers verify by the published keys, or Opaque, about which
    they have to ask /introspect. Tokens of either format stay good when it changes."""


class Algorithm(StrEnum):
    """How access tokens are signed."""

    ES256 = "ES256"
    RS256 = "RS256"
    EDDSA = "EdDSA"
    HS256 = "HS256"


class KeySource(StrEnum):
    """Where signing keys come from."""

    GENERATE = "Generate"
    EXISTING = "Existing"


class SigningKeys(value.Value):
    """How access tokens are signed."""

    model_config = ConfigDict(
        json_schema_extra=value.rules(
            value.rule(
                "(self.source == 'Existing') == has(self.secretRef)",
                "source Existing needs secretRef, and Generate takes none",
            ),
            value.rule(
                "self.source != 'Existing' || self.algorithm != 'HS256'",
                "HS256 has no keys to take over: JWT_SECRET_KEY of the credentials Secret signs",
            ),
            value.rule(
                "!has(self.rotationInterval) || self.source != 'Existing'",
                "keys of source Existing are rotated by whoever writes that Secret: remove"
                " rotationInterval",
            ),
            value.rule(
                "!has(self.rotationInterval) || self.algorithm != 'HS256'",
                "HS256 has no keys to rotate: remove rotationInterval",
            ),
            value.rule(
                "!has(self.rotationInterval) || duration(self.rotationInterval) >= duration('24h')",
                "rotationInterval must be at least 24h: a former key stays published for a day",
            ),
        )
    )

    algorithm: Algorithm = Algorithm.ES256
    """The algorithm; HS256 shares a secret, publishes no keys and signs no ID tokens. Another one
    signs after its key was published for ten minutes."""
    rotation_interval: duration.Duration | None = None
    """How long a key signs before another one replaces it, for example 720h; at least 24h. Keys are
    not rotated by themselves where omitted."""
    source: KeySource = KeySource.GENERATE
    """Generate draws keys; Existing takes them from secretRef."""
    secret_ref: reference.SecretKeyReference | None = None
    """With source Existing, a private key in PEM, which the operator rotates in when it is
    replaced, or a key ring as JSON, whose states you decide. An RS256 key for ID tokens is
    generated where there is none."""


class SecurityProfile(StrEnum):
    """What is demanded of every client."""

    OAUTH21 = "OAuth21"
    FAPI2 = "FAPI2"


class Oauth(value.Value):
    """What the protocol demands."""

    profile: SecurityProfile = SecurityProfile.OAUTH21
    """OAuth21, or FAPI2: the FAPI 2.0 Security Profile, by which every client pushes its requests,
    proves itself by PrivateKeyJwt and gets tokens that are bound to a key by DPoP."""
    require_consent: bool = True
    """Whether users are asked before a client gets scopes it was not granted before."""
    require_pkce: bool = True
    """Whether PKCE is demanded; where false, a confidential client may go without by its own
    requirePkce."""
    require_pushed_authorization: bool = False
    """Whether every authorization request has to be pushed (RFC 9126)."""
    default_scopes: registration.Scopes = ()
    """Scopes that a client gets, as far as it may have them, when it asks for none, beside those of
    AuthlyScopes with isDefault. One that is not registered, or is sensitive, has no effect, and the
    server's log says so."""
    device_flow: bool = True
    """Whether devices without a browser may ask for a code (RFC 8628)."""
    dynamic_registration: registration.Registration = Field(
        default_factory=registration.Registration
    )
    """Whether clients may register themselves; scopes and audiences are also for those of
    clientIdMetadataDocuments."""
    client_id_metadata_documents: bool = False
    """Whether a client_id may be the URL of a document about the client."""


class RateLimit(value.Value):
    """How often one address may ask, as long as it does not prove who asks."""

    enabled: bool | None = None
    """Whether requests are counted. Where omitted they are, unless there is an Ingress or a gateway
    and trustedProxies is empty: everybody would have the address of that proxy."""
    requests_per_minute: Annotated[int, Field(ge=1, le=1_000_000)] = 100
    """Requests a minute from one address; probes, metadata and keys are not counted."""
    auth_requests_per_minute: Annotated[int, Field(ge=1, le=1_000_000)] = 10
    """The same where people and clients prove who they are: authorization, sign-in, token."""
    burst: Annotated[int, Field(ge=0, le=1_000_000)] = 5
    """How many of the latter may come at once, beyond the one that is due."""


class LoginThrottle(value.Value):
    """What wrong passwords lead to."""

    enabled: bool = True
    """Whether each makes the next attempt wait, longer and longer."""


class PasswordPolicy(value.Value):
    """What passwords of people are, and how they are kept."""

    hash_cost: Annotated[int, Field(ge=10, le=16)] = 12
    """Cost of bcrypt, as a power of two; hashes of another cost are made anew at sign-in."""
    minimum_length: Annotated[int, Field(ge=8, le=128)] = 12
    """How many characters a password has at least that people choose."""


class Security(value.Value):
    """Who may talk to the server."""

    cors_origins: Origins = ()
    """Origins of browser applications, for example https://app.example.com; * for any."""
    allowed_hosts: HostNames = ()
    """Host headers that are answered besides the issuer's."""
    trusted_proxies: Networks = ()
    """Networks (CIDR) whose X-Forwarded-* headers are believed."""
    admin_networks: Networks = ()
    """Networks (CIDR) that administrators come from: they reach the administrators' API at the
    Service <name>-admin, port 9001, with an access token of scope admin. Where omitted there is no
    such API. trustedProxies are believed first."""
    rate_limit: RateLimit = Field(default_factory=RateLimit)
    """How often one address may ask, as long as it does not prove who asks. Each process counts for
    itself, unless there is a redis."""
    login_throttle: LoginThrottle = Field(default_factory=LoginThrottle)
    """What wrong passwords lead to."""
    password_policy: PasswordPolicy = Field(default_factory=PasswordPolicy)
    """What passwords of people are, and how they are kept."""
