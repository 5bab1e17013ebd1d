"""Who may use the administrators' API: by a token that is good now, of somebody who still may."""

from uuid import UUID

from aiohttp import web

from authly_server.model.actor import Actor
from authly_server.model.client import ClientOrigin
from authly_server.protocol.errors import ErrorCode, OAuthError
from authly_server.storage import clients, users
from authly_server.storage.liveness import Question
from authly_server.tokens.access_token import AccessToken
from authly_server.web import rate_limit, services, token_bearer
from authly_server.web.services import Services


SCOPE = "admin"


async def admit(request: web.Request) -> Actor | None:
    """Whoever the token of a request is about; None where it has none.

    The token is meant for this server itself and has the scope, which its client still has, that
    did not register itself;
    the person, if it is about one, is an administrator. All of it is asked of the database.

    Raises:
        OAuthError: as `token_bearer.find`, or insufficient_scope.
        storage.errors.Unavailable: it cannot be known now.
    """
    token = await token_bearer.find(request)
    if token is None:
        return None
    found = services.of(request)
    # RFC 9068 section 4: what another resource server got is not good here.
    if found.issuer not in token.audience or not await _is_live(found, token):
        raise token_bearer.invalid_token()
    await rate_limit.prove(request)
    if SCOPE not in token.scopes or not await _may_have_it(found, token.client_id):
        raise _insufficient(f"the token, or its client by now, has not the scope {SCOPE}")
    if token.grant_id is None:
        return Actor(token.client_id)
    return Actor(token.client_id, await _administrator(found, token.subject))


async def _is_live(found: Services, token: AccessToken) -> bool:
    issued_at = int(token.issued_at.timestamp())
    question = Question(token.jti, token.client_id, token.grant_id, token.granted_to, issued_at)
    return await found.liveness.is_live(question)


async def _may_have_it(found: Services, client_id: str) -> bool:
    """Whether the client, which somebody has registered who may, has the scope still.

    One that describes itself is told whatever people consent to, and nobody has looked at it.
    """
    client = await clients.find(found.database, client_id)
    if client is None or client.origin is not ClientOrigin.OPERATOR:
        return False
    return client.enabled and SCOPE in client.scopes


async def _administrator(found: Services, subject: str) -> UUID:
    user = await users.find(found.database, UUID(subject))
    if user is None or not user.enabled or not user.is_admin:
        raise _insufficient("the token is about somebody who is no administrator")
    return user.id


def _insufficient(description: str) -> OAuthError:
    return OAuthError(ErrorCode.INSUFFICIENT_SCOPE, description)
