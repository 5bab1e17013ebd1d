"""The one renderer of errors for programs: RFC 6749 section 5.2, RFC 6750 section 3."""

from collections.abc import Mapping

import orjson

from authly_server.protocol import dpop
from authly_server.protocol.errors import ErrorCode, NotAllowed, OAuthError, TooManyRequests
from authly_server.web.response import JSON, Response


RETRY_AFTER_SECONDS = 2
UNAVAILABLE = OAuthError(
    ErrorCode.TEMPORARILY_UNAVAILABLE, "the server cannot answer now; try again shortly"
)


def render(error: OAuthError, *, challenge: str | None = None) -> Response:
    """The JSON answer; `challenge` is the value of WWW-Authenticate."""
    body = orjson.dumps({"error": str(error.error), "error_description": error.description})
    response = Response(body, JSON, status=error.status)
    if challenge is not None:
        response.headers["WWW-Authenticate"] = challenge
    response.headers.update(advice(error))
    return response


def advice(error: OAuthError) -> Mapping[str, str]:
    """What to do instead: the methods that there are, or when to try again, where that may help.

    RFC 9110 sections 10.2.1 and 10.2.3.
    """
    if isinstance(error, NotAllowed):
        return {"Allow": error.allowed}
    if isinstance(error, TooManyRequests):
        return {"Retry-After": str(error.retry_after)}
    if error.status == 503:  # noqa: PLR2004  # Service Unavailable
        return {"Retry-After": str(RETRY_AFTER_SECONDS)}
    return {}


def basic_challenge(error: OAuthError, authorization: str | None) -> str | None:
    """RFC 6749 section 5.2: a client that tried the Authorization header is told its scheme."""
    if error.error is ErrorCode.INVALID_CLIENT and authorization is not None:
        return 'Basic realm="authly", charset="UTF-8"'
    return None


def resource_challenge(
    error: OAuthError, authorization: str | None, scope: str | None = None
) -> str:
    """In the scheme that the request had: RFC 6750 section 3, RFC 9449 section 7.1."""
    if (authorization or "").partition(" ")[0].lower() == "dpop":
        return dpop_challenge(error, scope)
    return bearer_challenge(error, scope)


def dpop_challenge(error: OAuthError | None = None, scope: str | None = None) -> str:
    """RFC 9449 section 7.1; with the algorithms that proofs may be signed by."""
    return f'{_challenge("DPoP", error, scope)}, algs="{" ".join(dpop.ALGORITHMS)}"'


def bearer_challenge(error: OAuthError | None = None, scope: str | None = None) -> str:
    """RFC 6750 section 3; without an error for a request that had no token at all."""
    return _challenge("Bearer", error, scope)


def _challenge(scheme: str, error: OAuthError | None, scope: str | None) -> str:
    parts = [f'{scheme} realm="authly"']
    if error is not None:
        parts += [f'error="{error.error}"', f'error_description="{error.description}"']
    if scope is not None:
        parts.append(f'scope="{scope}"')
    return ", ".join(parts)
