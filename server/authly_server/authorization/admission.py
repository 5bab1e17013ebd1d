"""From parameters to a request that its client may make, in the two steps of the protocol."""

from dataclasses import replace

from authly_server.authorization import checks
from authly_server.authorization.checks import Policy
from authly_server.authorization.default_scopes import DefaultScopes
from authly_server.authorization.response import Recipient
from authly_server.clients.directory import Directory
from authly_server.model.client import Client, ClientOrigin
from authly_server.protocol import authorization_request
from authly_server.protocol.authorization_request import AuthorizationRequest
from authly_server.protocol.errors import ErrorCode, OAuthError, PageError
from authly_server.protocol.parameters import Parameters


OFFLINE_ACCESS = "offline_access"


async def recognise(directory: Directory, parameters: Parameters) -> tuple[Client, Recipient]:
    """Whose request it is, and where the answer goes.

    Raises:
        PageError: there is no such client, or no redirect URI that can be believed.
    """
    origin = authorization_request.identify(parameters)
    try:
        client = await directory.visitor(origin.client_id)
    except OAuthError as error:
        raise PageError(error.description, error.error) from error
    redirect_uri = checks.before_redirect(origin, client)
    assert client is not None  # noqa: S101  # before_redirect has raised otherwise
    mode = authorization_request.find_response_mode(parameters)
    state = authorization_request.find_state(parameters)
    is_trusted = client.origin is ClientOrigin.OPERATOR
    return client, Recipient(redirect_uri, mode, state, is_trusted=is_trusted)


async def admit(
    defaults: DefaultScopes, client: Client, parameters: Parameters, policy: Policy
) -> AuthorizationRequest:
    """The request, checked, with what counts where it leaves something out.

    That is the default scopes, and the client's own default_max_age.

    Raises:
        PageError: as `checks.check`.
        OAuthError: for the client, by a redirect.
    """
    request = _for_client(authorization_request.parse(parameters), client)
    checks.check(request, client, policy)
    scopes = request.scopes
    if not scopes:
        scopes = await defaults.of(client)
        checks.check_id_token_can_be_signed(replace(request, scopes=scopes), client, policy)
    max_age = client.default_max_age if request.max_age is None else request.max_age
    scopes = _without_offline_access(scopes, request)
    if scopes == request.scopes and max_age == request.max_age:
        return request
    return replace(request, scopes=scopes, max_age=max_age)


def _for_client(request: AuthorizationRequest, client: Client) -> AuthorizationRequest:
    """Without offline_access where the client may not have it, unless it asks for nothing else.

    OpenID Connect Core section 11: what may not be had of it "MUST" be ignored, and is no failure.
    Many programs ask for it on sight, whatever they were registered for.
    """
    if OFFLINE_ACCESS in client.scopes or len(request.scopes) <= 1:
        return request
    return replace(request, scopes=request.scopes - {OFFLINE_ACCESS})


def _without_offline_access(
    scopes: frozenset[str], request: AuthorizationRequest
) -> frozenset[str]:
    """OpenID Connect Core section 11: offline_access is ignored unless prompt has consent.

    Raises:
        OAuthError: invalid_scope if nothing else was asked for.
    """
    if OFFLINE_ACCESS not in scopes or "consent" in request.prompt:
        return scopes
    if scopes == {OFFLINE_ACCESS}:
        raise OAuthError(ErrorCode.INVALID_SCOPE, "offline_access needs prompt=consent")
    return scopes - {OFFLINE_ACCESS}
