"""The access token of a request to a protected resource of ours: RFC 6750, RFC 9449 section 7."""

from aiohttp import web

from authly_server.protocol import bearer, dpop, errors
from authly_server.protocol.errors import ErrorCode, OAuthError
from authly_server.protocol.parameters import Parameters
from authly_server.tokens import access_token, opaque_token
from authly_server.tokens.access_token import AccessToken
from authly_server.tokens.refusal import TokenRefused
from authly_server.web import error_response, forms, proof_of_possession, services
from authly_server.web.response import Response
from authly_server.web.services import Services


async def find(request: web.Request, form: Parameters | None = None) -> AccessToken | None:
    """The token of ours that the request has, which is valid and whose key it proves.

    None where there is none. Whether a JWT is still live is the database's to say, and the
    caller's to ask.

    Raises:
        OAuthError: invalid_request, invalid_token, invalid_dpop_proof or use_dpop_nonce.
    """
    if "access_token" in request.query:
        raise errors.invalid_request("an access token in the query is not accepted")
    authorization = forms.authorization(request)
    bound = dpop.find_token(authorization, form)
    text = bearer.find(authorization, form) if bound is None else bound
    if text is None:
        return None
    token = await _verified(services.of(request), text)
    await _check_key(request, token, bound)
    return token


def challenged() -> Response:
    """RFC 6750 section 3 and RFC 9449 section 7.1: the ways in which a token may be presented."""
    challenges = (error_response.bearer_challenge(), error_response.dpop_challenge())
    return Response(status=401, headers={"WWW-Authenticate": ", ".join(challenges)})


def invalid_token() -> OAuthError:
    """One answer for all that is wrong with a token."""
    message = "the access token is expired, revoked, malformed or about no user"
    return OAuthError(ErrorCode.INVALID_TOKEN, message)


async def _check_key(request: web.Request, token: AccessToken, bound: str | None) -> None:
    """A token that is bound to a key is no bearer token, nor the other way round (section 7.2).

    Raises:
        OAuthError: invalid_token, invalid_dpop_proof or use_dpop_nonce, each with status 401.
    """
    if bound is None:
        if token.key_thumbprint is not None:
            raise invalid_token()
        return
    try:
        proved = await proof_of_possession.find(request, bound)
    except OAuthError as error:
        raise OAuthError(error.error, error.description, 401) from error
    if proved is None:
        raise OAuthError(ErrorCode.INVALID_DPOP_PROOF, "a DPoP proof is missing", 401)
    if proved != token.key_thumbprint:
        raise invalid_token()


async def _verified(found: Services, text: str) -> AccessToken:
    try:
        if text.startswith(opaque_token.PREFIX):
            return await opaque_token.find_live(found.database, text, found.issuer)
        return access_token.verify(found.keys.ring, text, found.issuer, found.clock.now())
    except TokenRefused as error:
        raise invalid_token() from error
