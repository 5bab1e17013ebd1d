"""Clients that register themselves: RFC 7591, and RFC 7592 for what becomes of them."""

import hashlib
import hmac
from dataclasses import dataclass, field, replace
from typing import Final
from uuid import UUID

from authly_server import entropy
from authly_server.clients import client_metadata, metadata_fields
from authly_server.clients.client_metadata import Identity, Terms
from authly_server.clients.metadata_fields import Members
from authly_server.model.client import AuthMethod, Client, ClientOrigin
from authly_server.protocol.errors import ErrorCode, OAuthError


# The default of RFC 7591 section 2 comes first.
METHODS: Final = (
    AuthMethod.CLIENT_SECRET_BASIC,
    AuthMethod.CLIENT_SECRET_POST,
    AuthMethod.PRIVATE_KEY_JWT,
    AuthMethod.NONE,
)
CLIENT_ID_PREFIX: Final = "dyn_"
SECRET_PREFIX: Final = "acs_"  # noqa: S105  # a prefix, no secret
TOKEN_PREFIX: Final = "reg_"  # noqa: S105  # likewise
_SECRET_METHODS: Final = frozenset({AuthMethod.CLIENT_SECRET_BASIC, AuthMethod.CLIENT_SECRET_POST})
# RFC 7592 section 2.2: "MUST NOT include".
_OURS: Final = (
    "registration_access_token",
    "registration_client_uri",
    "client_secret_expires_at",
    "client_id_issued_at",
)
_ID_BYTES: Final = 16


@dataclass(frozen=True, slots=True)
class Registration:
    """A client with what only it is told, once: its token, and its secret where one was drawn."""

    client: Client
    token: str = field(repr=False)
    secret: str | None = field(default=None, repr=False)

    def members(self, registration_client_uri: str, issued_at: int) -> dict[str, object]:
        """The client information response (RFC 7591 section 3.2.1)."""
        told = client_metadata.members_of(self.client) | {
            "client_id_issued_at": issued_at,
            "registration_access_token": self.token,
            "registration_client_uri": registration_client_uri,
        }
        if self.secret is None:
            return told
        return told | {"client_secret": self.secret, "client_secret_expires_at": 0}


def create(members: Members, terms: Terms) -> Registration:
    """A new client with an identifier, a token and perhaps a secret, nothing of it written yet.

    Raises:
        OAuthError: as `client_metadata.parse`.
    """
    method = client_metadata.method(members, terms)
    secret = entropy.draw_token(SECRET_PREFIX) if method in _SECRET_METHODS else None
    token = entropy.draw_token(TOKEN_PREFIX)
    identity = Identity(
        id=UUID(bytes=entropy.draw(_ID_BYTES), version=4),
        client_id=CLIENT_ID_PREFIX + entropy.draw(_ID_BYTES).hex(),
        origin=ClientOrigin.DYNAMIC,
        secret_digests=() if secret is None else (_digest(secret),),
        registration_token_digest=_digest(token),
    )
    return Registration(client_metadata.parse(members, identity, terms), token, secret)


def change(client: Client, members: Members, terms: Terms) -> Registration:
    """What a client says of itself now, under a new token (RFC 7592 section 2.2).

    It keeps its secret, and gets one if it needs one now.

    Raises:
        OAuthError: as `client_metadata.parse`, and for what is not the client's to say.
    """
    _check_own(client, members)
    method = client_metadata.method(members, terms)
    needs_secret = method in _SECRET_METHODS
    secret = None
    if needs_secret and not client.secret_digests:
        secret = entropy.draw_token(SECRET_PREFIX)
    kept = client.secret_digests if needs_secret else ()
    token = entropy.draw_token(TOKEN_PREFIX)
    identity = Identity(
        id=client.id,
        client_id=client.client_id,
        origin=ClientOrigin.DYNAMIC,
        secret_digests=kept if secret is None else (_digest(secret),),
        registration_token_digest=_digest(token),
    )
    changed = client_metadata.parse(members, identity, terms)
    return Registration(replace(changed, enabled=client.enabled), token, secret)


def authenticate(client: Client | None, token: str | None) -> Client:
    """The client, if that is its registration access token now (RFC 7592 section 3).

    Raises:
        OAuthError: invalid_token, whether there is such a client or not.
    """
    known = None if client is None else client.registration_token_digest
    is_right = hmac.compare_digest(_digest(token or ""), known or bytes(32))
    if client is None or client.origin is not ClientOrigin.DYNAMIC or known is None or not is_right:
        raise OAuthError(ErrorCode.INVALID_TOKEN, "the registration access token is not valid")
    return client


def token_digest(token: str) -> bytes:
    """Under which the token is stored."""
    return _digest(token)


def check_initial_token(expected: str | None, presented: str | None) -> None:
    """RFC 7591 section 3: an initial access token, where registration is not open to all.

    Raises:
        OAuthError: invalid_token.
    """
    if expected is None:
        return
    if presented is None or not hmac.compare_digest(_digest(presented), _digest(expected)):
        raise OAuthError(ErrorCode.INVALID_TOKEN, "an initial access token is needed")


def _check_own(client: Client, members: Members) -> None:
    if members.get("client_id") != client.client_id:
        raise metadata_fields.invalid("client_id must be the client's own")
    if given := next((name for name in _OURS if name in members), None):
        raise metadata_fields.invalid(f"{given} is not the client's to say")
    secret = members.get("client_secret")
    if secret is None:
        return
    if not isinstance(secret, str) or _digest(secret) not in client.secret_digests:
        raise metadata_fields.invalid("client_secret must be the client's own")


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()
