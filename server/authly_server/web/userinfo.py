"""GET and POST /userinfo, OpenID Connect Core section 5.3."""

from collections.abc import Mapping

import orjson
from aiohttp import web

from authly_server.protocol import bearer, dpop, errors
from authly_server.protocol.errors import ErrorCode, OAuthError
from authly_server.protocol.parameters import Parameters
from authly_server.storage import users
from authly_server.tokens import (
    access_token,
    id_token,
    opaque_token,
    signed_jwt,
    standard_claims,
)
from authly_server.tokens.access_token import AccessToken
from authly_server.tokens.refusal import TokenRefused
from authly_server.web import cors, error_response, forms, proof_of_possession, rate_limit, services
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
    if "access_token" in request.query:
        raise errors.invalid_request("an access token in the query is not accepted")
    found, authorization = services.of(request), forms.authorization(request)
    bound = dpop.find_token(authorization, form)
    text = bearer.find(authorization, form) if bound is None else bound
    if text is None:
        return _challenged()
    token = await _verified(found, text)
    await _check_key(request, token, bound)
    await rate_limit.prove(request)
    return await _render(request, token, await _claims(found, token))


def _challenged() -> Response:
    """RFC 6750 section 3 and RFC 9449 section 7.1: the ways in which a token may be presented."""
    challenges = (error_response.bearer_challenge(), error_response.dpop_challenge())
    return Response(status=401, headers={"WWW-Authenticate": ", ".join(challenges)})


async def _check_key(request: web.Request, token: AccessToken, bound: str | None) -> None:
    """A token that is bound to a key is no bearer token, nor the other way round (section 7.2).

    Raises:
        OAuthError: invalid_token, invalid_dpop_proof or use_dpop_nonce, each with status 401.
    """
    if bound is None:
        if token.key_thumbprint is not None:
            raise _invalid_token()
        return
    try:
        proved = await proof_of_possession.find(request, bound)
    except OAuthError as error:
        raise OAuthError(error.error, error.description, 401) from error
    if proved is None:
        raise OAuthError(ErrorCode.INVALID_DPOP_PROOF, "a DPoP proof is missing", 401)
    if proved != token.key_thumbprint:
        raise _invalid_token()


async def _verified(found: Services, text: str) -> AccessToken:
    try:
        if text.startswith(opaque_token.PREFIX):
            return await opaque_token.find_live(found.database, text, found.issuer)
        return access_token.verify(found.keys.ring, text, found.issuer, found.clock.now())
    except TokenRefused as error:
        raise _invalid_token() from error


async def _claims(found: Services, token: AccessToken) -> dict[str, object]:
    """Section 5.4: each scope asks for its claims; section 5.5: others were asked for by name."""
    if token.grant_id is None:
        raise _invalid_token()  # a client's own token: there is nobody to tell of
    known = await users.find_by_token(
        found.database,
        jti=token.jti,
        grant_id=token.grant_id,
        client_id=token.client_id,
        issued_at=int(token.issued_at.timestamp()),
    )
    if known is None:
        raise _invalid_token()
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


def _invalid_token() -> OAuthError:
    message = "the access token is expired, revoked, malformed or about no user"
    return OAuthError(ErrorCode.INVALID_TOKEN, message)
