"""A client as it describes itself (RFC 7591 section 2), by registration or by a document.

Nobody has looked at it: it gets only what is safe in anybody's hands. There is no grant without a
person's consent, no scope or audience beyond a setting's, and what it calls itself is plain text.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from authly_server.clients import metadata_fields as fields
from authly_server.clients.metadata_fields import Members, invalid
from authly_server.model.client import AuthMethod, Client, ClientOrigin, ClientType
from authly_server.protocol import characters, public_key, redirect_uri, scope
from authly_server.protocol.errors import ErrorCode, OAuthError
from authly_server.protocol.public_key import UnusableKey


MOST_REDIRECT_URIS: Final = 20
MOST_NAME_CHARACTERS: Final = 100
MOST_CONTACTS: Final = 10
_LONGEST_MAX_AGE: Final = 315_360_000
_GRANT_TYPES: Final = frozenset({"authorization_code", "refresh_token"})
_SIGNATURES: Final = ("ES256", "RS256", "EdDSA")


@dataclass(frozen=True, slots=True)
class Identity:
    """Who it is, which is not the client's to say; `secret_digests` are of secrets that we drew."""

    id: UUID
    client_id: str
    origin: ClientOrigin
    secret_digests: tuple[bytes, ...] = ()
    registration_token_digest: bytes | None = None


@dataclass(frozen=True, slots=True)
class Terms:
    """What a client that nobody looked at may have at most, and how it may prove itself."""

    scopes: frozenset[str]
    audiences: tuple[str, ...]
    methods: tuple[AuthMethod, ...]


def method(members: Members, terms: Terms) -> AuthMethod:
    """How the client will authenticate; the first of the terms if it does not say.

    Raises:
        OAuthError: invalid_client_metadata.
    """
    named = fields.choice(members, "token_endpoint_auth_method", tuple(map(str, terms.methods)))
    return terms.methods[0] if named is None else AuthMethod(named)


def parse(members: Members, identity: Identity, terms: Terms) -> Client:
    """The client that an object describes; what is not known in it is ignored (section 2).

    Raises:
        OAuthError: invalid_redirect_uri, invalid_client_metadata, unapproved_software_statement.
    """
    if members.get("software_statement") is not None:
        raise OAuthError(
            ErrorCode.UNAPPROVED_SOFTWARE_STATEMENT, "software statements are not accepted"
        )
    auth_method = method(members, terms)
    jwks, jwks_uri = _keys(members, auth_method)
    return Client(
        id=identity.id,
        client_id=identity.client_id,
        display_name=_name(members) or identity.client_id,
        type=ClientType.PUBLIC if auth_method is AuthMethod.NONE else ClientType.CONFIDENTIAL,
        auth_method=auth_method,
        secret_digests=identity.secret_digests,
        grant_types=_grant_types(members),
        redirect_uris=_redirect_uris(members),
        scopes=_scopes(members, terms),
        audiences=terms.audiences,
        require_pkce=True,
        access_token_ttl=None,
        refresh_token_ttl=None,
        enabled=True,
        client_uri=fields.web_page(members, "client_uri"),
        logo_uri=fields.web_page(members, "logo_uri"),
        tos_uri=fields.web_page(members, "tos_uri"),
        policy_uri=fields.web_page(members, "policy_uri"),
        contacts=fields.texts(members, "contacts", most=MOST_CONTACTS, longest=255) or (),
        jwks=jwks,
        jwks_uri=jwks_uri,
        require_pushed_authorization=fields.flag(members, "require_pushed_authorization_requests"),
        dpop_bound=fields.flag(members, "dpop_bound_access_tokens"),
        post_logout_redirect_uris=_uris(members, "post_logout_redirect_uris"),
        backchannel_logout_uri=fields.web_page(members, "backchannel_logout_uri"),
        id_token_signed_response_alg=_signature(members, "id_token_signed_response_alg"),
        userinfo_signed_response_alg=_signature(members, "userinfo_signed_response_alg"),
        default_max_age=fields.seconds(members, "default_max_age", _LONGEST_MAX_AGE),
        origin=identity.origin,
        registration_token_digest=identity.registration_token_digest,
    )


def members_of(client: Client) -> dict[str, object]:
    """What is registered, in the names of RFC 7591; nothing of what only the server knows."""
    told: dict[str, object] = {
        "client_id": client.client_id,
        "client_name": client.display_name,
        "token_endpoint_auth_method": str(client.auth_method),
        "grant_types": sorted(client.grant_types),
        "response_types": ["code"],
        "redirect_uris": list(client.redirect_uris),
        "scope": scope.format_names(client.scopes),
        "client_uri": client.client_uri,
        "logo_uri": client.logo_uri,
        "tos_uri": client.tos_uri,
        "policy_uri": client.policy_uri,
        "contacts": list(client.contacts) or None,
        "jwks": client.jwks,
        "jwks_uri": client.jwks_uri,
        "require_pushed_authorization_requests": client.require_pushed_authorization,
        "dpop_bound_access_tokens": client.dpop_bound,
        "post_logout_redirect_uris": list(client.post_logout_redirect_uris) or None,
        "backchannel_logout_uri": client.backchannel_logout_uri,
        "id_token_signed_response_alg": client.id_token_signed_response_alg,
        "userinfo_signed_response_alg": client.userinfo_signed_response_alg,
        "default_max_age": client.default_max_age,
    }
    return {name: value for name, value in told.items() if value is not None}


def _name(members: Members) -> str | None:
    """One line of plain text: no control characters, and none that turns others around."""
    given = fields.text(members, "client_name", MOST_NAME_CHARACTERS) or ""
    # Twice: breaks of lines become spaces, and what was between invisible characters may be one.
    return " ".join(characters.displayable(" ".join(given.split())).split()) or None


def _redirect_uris(members: Members) -> tuple[str, ...]:
    try:
        found = fields.texts(
            members,
            "redirect_uris",
            most=MOST_REDIRECT_URIS,
            longest=redirect_uri.MOST_CHARACTERS,
        )
    except OAuthError as error:
        raise OAuthError(ErrorCode.INVALID_REDIRECT_URI, error.description) from error
    if not found:
        raise OAuthError(ErrorCode.INVALID_REDIRECT_URI, "at least one redirect URI is needed")
    for uri in found:
        redirect_uri.check_registrable(uri)
    return found


def _uris(members: Members, name: str) -> tuple[str, ...]:
    found = fields.texts(
        members, name, most=MOST_REDIRECT_URIS, longest=redirect_uri.MOST_CHARACTERS
    )
    for uri in found or ():
        redirect_uri.check_registrable(uri)
    return found or ()


def _grant_types(members: Members) -> frozenset[str]:
    """Section 2.1: grant types and response types have to fit each other.

    No client_credentials: a client that nobody looked at has no rights of its own.
    """
    grants = fields.texts(members, "grant_types", most=10, longest=100) or ("authorization_code",)
    responses = fields.texts(members, "response_types", most=10, longest=100) or ("code",)
    if not _GRANT_TYPES.issuperset(grants):
        raise invalid(f"grant_types may be {', '.join(sorted(_GRANT_TYPES))}")
    if "authorization_code" not in grants or responses != ("code",):
        raise invalid("grant_types needs authorization_code, and response_types must be code alone")
    return frozenset(grants)


def _scopes(members: Members, terms: Terms) -> frozenset[str]:
    """What may be had of what is asked for; all of it if nothing is (section 2: "a default")."""
    asked = fields.text(members, "scope", scope.MOST_CHARACTERS)
    if asked is None:
        return terms.scopes
    try:
        found = scope.parse(asked) & terms.scopes
    except OAuthError as error:
        raise invalid(error.description) from error
    if not found:
        raise invalid("none of these scopes may be had by a client that registers itself")
    return found


def _keys(members: Members, auth_method: AuthMethod) -> tuple[Mapping[str, Any] | None, str | None]:
    jwks, jwks_uri = members.get("jwks"), fields.web_page(members, "jwks_uri")
    if jwks is not None and jwks_uri is not None:
        raise invalid("jwks and jwks_uri exclude each other")
    if auth_method is AuthMethod.PRIVATE_KEY_JWT and jwks is None and jwks_uri is None:
        raise invalid("private_key_jwt needs jwks or jwks_uri")
    if jwks is None:
        return None, jwks_uri
    if not isinstance(jwks, dict):
        raise invalid("jwks must be a JWK set")
    try:
        usable = public_key.parse_set(jwks)
    except UnusableKey as error:
        raise invalid(f"jwks cannot be used: {error}") from error
    if not usable:
        raise invalid("jwks has no public key that can be used")
    return {"keys": jwks["keys"]}, None


def _signature(members: Members, name: str) -> str | None:
    return fields.choice(members, name, _SIGNATURES)
