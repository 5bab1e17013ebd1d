"""GET and POST /userinfo, OpenID Connect Core section 5.3."""

from collections.abc import Mapping

import orjson
from aiohttp import web

from authly_server.protocol.errors import ErrorCode, OAuthError
from authly_server.protocol.parameters import Parameters
from authly_server.storage import users
from authly_server.tokens import id_token, signed_jwt, standard_claims
from authly_server.tokens.access_token import AccessToken
from authly_server.web import cors, forms, rate_limit, services, token_bearer
from authly_server.web.response import JSON, Response
from authly_server.web.services import Services


# One of these says that the token is about who the person is.
SCOPES = frozenset({"openid", "profile", "email"})


async def get(request: web.Request) -> Response:
    """With the token in the Authorization header."""
    return await _answer(request, None)


async def post(request: web.Request) -> Response:
    """With the token in the Authorization header or in a form (RFC 6750 section 2.2)."""
    has_form = request.can_read_body
    return await _answer(request, await forms.read(request) if has_form else None)


async def _answer(request: web.Request, form: Parameters | None) -> Response:
    token = await token_bearer.find(request, form)
    if token is None:
        return token_bearer.challenged()
    await rate_limit.prove(request)
    return await _render(request, token, await _claims(services.of(request), token))


async def _claims(found: Services, token: AccessToken) -> dict[str, object]:
    """Section 5.4: each scope asks for its claims; section 5.5: others were asked for by name."""
    if token.grant_id is None:
        raise token_bearer.invalid_token()  # a client's own token: there is nobody to tell of
    known = await users.find_by_token(
        found.database,
        jti=token.jti,
        grant_id=token.grant_id,
        client_id=token.client_id,
        issued_at=int(token.issued_at.timestamp()),
    )
    if known is None:
        raise token_bearer.invalid_token()
    ours = [scope for scope in await found.registry.scopes() if scope.name in token.scopes]
    more = frozenset(claim for scope in ours for claim in scope.claims)
    if token.scopes.isdisjoint(SCOPES) and not more:
        message = "the token has none of the scopes openid, profile and email"
        raise OAuthError(ErrorCode.INSUFFICIENT_SCOPE, message)
    user, asked = known
    names = standard_claims.covered_by(token.scopes) | more
    if "openid" in token.scopes:
        names |= asked
    return {"sub": str(user.id)} | standard_claims.tell(user, names)


async def _render(
    request: web.Request, token: AccessToken, claims: Mapping[str, object]
) -> Response:
    """As JSON, or as the JWT that the client has registered for (section 5.3.2)."""
    found = services.of(request)
    client = await found.registry.client(token.client_id)
    if client is not None:
        cors.note(request, client)
    alg = None if client is None else client.userinfo_signed_response_alg
    key = None if alg is None else id_token.signer(found.keys.ring, alg)
    if key is None:
        return Response(orjson.dumps(claims), JSON)
    whole = {"iss": found.issuer, "aud": token.client_id, **claims}
    text = signed_jwt.sign(key, id_token.TYPE, whole)
    return Response(text.encode(), "application/jwt; charset=utf-8")
