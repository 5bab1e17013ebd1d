"""GET and POST /userinfo, OpenID Connect Core section 5.3."""

import orjson
from aiohttp import web

from authly_server.model.user import User
from authly_server.protocol import bearer, errors
from authly_server.protocol.errors import ErrorCode, OAuthError
from authly_server.protocol.parameters import Parameters
from authly_server.storage import users
from authly_server.tokens import access_token
from authly_server.tokens.access_token import AccessToken
from authly_server.tokens.refusal import TokenRefused
from authly_server.web import error_response, forms, services
from authly_server.web.services import Services


# One of these says that the token is about who the person is.
SCOPES = frozenset({"openid", "profile", "email"})


async def get(request: web.Request) -> web.Response:
    """With the token in the Authorization header."""
    return await _answer(request, None)


async def post(request: web.Request) -> web.Response:
    """With the token in the Authorization header or in a form (RFC 6750 section 2.2)."""
    has_form = request.can_read_body
    return await _answer(request, await forms.read(request) if has_form else None)


async def _answer(request: web.Request, form: Parameters | None) -> web.Response:
    if "access_token" in request.query:
        raise errors.invalid_request("an access token in the query is not accepted")
    token = bearer.find(forms.authorization(request), form)
    if token is None:
        return web.Response(
            status=401, headers={"WWW-Authenticate": error_response.bearer_challenge()}
        )
    user, scopes = await _user(services.of(request), token)
    return web.Response(body=orjson.dumps(_claims(user, scopes)), content_type="application/json")


async def _user(found: Services, text: str) -> tuple[User, frozenset[str]]:
    token = _verified(found, text)
    if token.grant_id is None:
        raise _invalid_token()  # a client's own token: there is nobody to tell of
    user = await users.find_by_token(
        found.database, jti=token.jti, grant_id=token.grant_id, client_id=token.client_id
    )
    if user is None:
        raise _invalid_token()
    if token.scopes.isdisjoint(SCOPES):
        message = "the token has none of the scopes openid, profile and email"
        raise OAuthError(ErrorCode.INSUFFICIENT_SCOPE, message)
    return user, token.scopes


def _verified(found: Services, text: str) -> AccessToken:
    try:
        return access_token.verify(found.keys.ring, text, found.issuer, found.clock.now())
    except TokenRefused as error:
        raise _invalid_token() from error


def _claims(user: User, scopes: frozenset[str]) -> dict[str, object]:
    """OpenID Connect Core section 5.4: each scope asks for its claims."""
    claims: dict[str, object] = {"sub": str(user.id)}
    if "profile" in scopes:
        claims["preferred_username"] = user.username
    if "email" in scopes:
        claims |= {"email": user.email, "email_verified": user.is_verified}
    return claims


def _invalid_token() -> OAuthError:
    message = "the access token is expired, revoked, malformed or about no user"
    return OAuthError(ErrorCode.INVALID_TOKEN, message)
