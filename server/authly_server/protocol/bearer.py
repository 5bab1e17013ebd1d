"""A bearer token in a request to a protected resource, RFC 6750 section 2; never in the query."""

from authly_server.protocol import characters, errors
from authly_server.protocol.errors import ErrorCode, OAuthError
from authly_server.protocol.parameters import Parameters


MOST_CHARACTERS = 16 * 1024


def find(authorization: str | None, form: Parameters | None = None) -> str | None:
    """The token of the Authorization header or of the form body; None if there is neither.

    Raises:
        OAuthError: invalid_request if both carry one ("Clients MUST NOT use more than one
            method", section 2), invalid_token if it is not a b64token (section 2.1).
    """
    in_header = None if authorization is None else _of_header(authorization)
    in_form = None if form is None else form.get("access_token")
    if in_header is not None and in_form is not None:
        raise errors.invalid_request("the access token was sent in more than one way")
    token = in_header if in_header is not None else in_form
    if token is not None:
        _check(token)
    return token


def _of_header(authorization: str) -> str | None:
    scheme, _, token = authorization.partition(" ")
    # Another scheme is no bearer token at all: the answer is a challenge without an error.
    return token.strip(" ") if scheme.lower() == "bearer" else None


def _check(token: str) -> None:
    if (
        not token
        or len(token) > MOST_CHARACTERS
        or not characters.consists_of(token.rstrip("="), characters.B64TOKEN)
    ):
        raise OAuthError(ErrorCode.INVALID_TOKEN, "the access token is malformed")
