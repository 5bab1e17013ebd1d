"""Whether a client may make an authorization request: one table, read from top to bottom.

`before_redirect` decides whom the answer may go to; what fails there is a page for the person.
What fails in `CHECKS` is told to the client by a redirect. Both are asked again at each step of
an interaction, because a client may be changed or disabled while a person types a password.
"""

import functools
from collections.abc import Callable
from dataclasses import dataclass

from authly_server.authorization import authentication_class
from authly_server.model.client import Client, ClientType
from authly_server.model.session import ACRS
from authly_server.protocol import errors, pkce, redirect_uri, resource_indicator, scope
from authly_server.protocol.authorization_request import AuthorizationRequest, Origin
from authly_server.protocol.errors import ErrorCode, OAuthError


@dataclass(frozen=True, slots=True)
class Policy:
    """What the server's settings and keys say about authorization requests.

    `id_token_algorithms` are those that ID tokens can be signed with now; `pushed_required` is for
    requests that a browser brings, which may have to be pushed before, and
    `redirect_uri_required` for all of them.
    """

    pkce_required: bool
    id_token_algorithms: tuple[str, ...] = ()
    pushed_required: bool = False
    redirect_uri_required: bool = False


def before_redirect(origin: Origin, client: Client | None) -> str:
    """Answer the redirect URI that may be believed.

    Raises:
        PageError: unknown or disabled client, unregistered redirect URI (RFC 9700 section 4.11),
            or one that should never have been registered.
    """
    if client is None or not client.enabled:
        raise errors.PageError("the client is unknown")
    resolved = redirect_uri.resolve(origin.redirect_uri, client.redirect_uris)
    _check_registrable(resolved)
    return resolved


# Asked of the same few URIs again and again, for they are registered; what fails is not kept.
@functools.lru_cache(maxsize=1024)
def _check_registrable(uri: str) -> None:
    try:
        redirect_uri.check_registrable(uri)
    except OAuthError as error:
        raise errors.PageError(error.description, error.error) from error


def check(request: AuthorizationRequest, client: Client, policy: Policy) -> None:
    """Ask every check of the table.

    Raises:
        PageError: OpenID Connect asks for a redirect_uri, and there is none.
        OAuthError: for the client, by a redirect.
    """
    for rule in CHECKS:
        rule(request, client, policy)


def check_redirect_uri_for_openid(request: AuthorizationRequest, _c: Client, _p: Policy) -> None:
    """OpenID Connect Core section 3.1.2.1: redirect_uri is required."""
    if "openid" in request.scopes and request.redirect_uri is None:
        raise errors.PageError("redirect_uri is required for the scope openid")


def check_redirect_uri_for_all(request: AuthorizationRequest, _c: Client, policy: Policy) -> None:
    """FAPI 2.0 section 5.3.2.2, 6."""
    if policy.redirect_uri_required and request.redirect_uri is None:
        raise errors.invalid_request("redirect_uri is required in every request")


def check_grant_type(_request: AuthorizationRequest, client: Client, _policy: Policy) -> None:
    """RFC 6749 section 4.1.2.1: unauthorized_client."""
    if "authorization_code" not in client.grant_types:
        message = "the client may not use the authorization code grant"
        raise OAuthError(ErrorCode.UNAUTHORIZED_CLIENT, message)


def check_challenge_present(request: AuthorizationRequest, client: Client, policy: Policy) -> None:
    """OAuth 2.1 section 4.1.1; only a confidential client can be excused, and only by both sides.

    The nonce of OpenID Connect is no substitute: nobody here can see that the client checks it.
    """
    is_excused = client.type is ClientType.CONFIDENTIAL and not client.require_pkce
    if policy.pkce_required or not is_excused:
        pkce.check_present(request.code_challenge)


def check_scopes(request: AuthorizationRequest, client: Client, _policy: Policy) -> None:
    """RFC 6749 section 3.3: nothing beyond what the client is registered for."""
    scope.check_allowed(request.scopes, client.scopes)


def check_resources(request: AuthorizationRequest, client: Client, _policy: Policy) -> None:
    """RFC 8707 section 2: nothing beyond the client's audiences."""
    resource_indicator.check_allowed(request.resources, client.audiences)


def check_id_token_can_be_signed(
    request: AuthorizationRequest, client: Client, policy: Policy
) -> None:
    """OpenID Connect Core section 10.1: with a key, by the algorithm that the client expects."""
    if "openid" not in request.scopes:
        return
    if not policy.id_token_algorithms:
        message = "this server has no key to sign ID tokens with: the scope openid is not available"
        raise OAuthError(ErrorCode.INVALID_SCOPE, message)
    wanted = client.id_token_signed_response_alg
    if wanted is not None and wanted not in policy.id_token_algorithms:
        message = f"the client expects ID tokens signed by {wanted}, for which there is no key"
        raise OAuthError(ErrorCode.UNAUTHORIZED_CLIENT, message)


def check_acr(request: AuthorizationRequest, _client: Client, _policy: Policy) -> None:
    """OpenID Connect Core section 5.5.1.1: an essential acr that cannot be had is a failure."""
    wanted = authentication_class.demanded(request)
    if wanted is not None and wanted.isdisjoint(ACRS):
        message = "people cannot be authenticated in the way that acr asks for"
        raise OAuthError(ErrorCode.UNMET_AUTHENTICATION_REQUIREMENTS, message)


CHECKS: tuple[Callable[[AuthorizationRequest, Client, Policy], None], ...] = (
    check_redirect_uri_for_openid,
    check_redirect_uri_for_all,
    check_grant_type,
    check_challenge_present,
    check_scopes,
    check_resources,
    check_id_token_can_be_signed,
    check_acr,
)
