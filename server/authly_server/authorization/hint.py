"""Whom a request of OpenID Connect is about, where it says so."""

from authly_server.model.client import Client
from authly_server.protocol import errors
from authly_server.protocol.authorization_request import AuthorizationRequest
from authly_server.tokens import id_token
from authly_server.tokens.keyring import KeyRing
from authly_server.tokens.refusal import TokenRefused


def subjects(
    request: AuthorizationRequest, client: Client, ring: KeyRing, issuer: str
) -> frozenset[str] | None:
    """The subjects that would do; None where anybody does.

    By id_token_hint (OpenID Connect Core section 3.1.2.1), which may have expired, and by the
    claim sub of the claims parameter (section 5.5.1).

    Raises:
        OAuthError: invalid_request for a hint that is no ID token of ours for this client.
    """
    named = _named(request)
    if request.id_token_hint is None:
        return named
    try:
        hint = id_token.read_hint(ring, request.id_token_hint, issuer)
    except TokenRefused as error:
        raise errors.invalid_request("id_token_hint is no ID token of this issuer") from error
    if client.client_id not in hint.audience:
        raise errors.invalid_request("id_token_hint was issued to another client")
    hinted = frozenset({hint.subject})
    return hinted if named is None else hinted & named


def _named(request: AuthorizationRequest) -> frozenset[str] | None:
    wanted = request.claims.id_token.get("sub")
    if wanted is None or not wanted.values:
        return None
    return frozenset(value for value in wanted.values if isinstance(value, str))
