"""Every error that the standards name, and the two ways in which a request can fail."""

from enum import StrEnum


MOST_DESCRIPTION_CHARACTERS = 400


class ErrorCode(StrEnum):
    """The `error` values of OAuth and OpenID Connect, by the clause that defines them."""

    # RFC 6749 sections 4.1.2.1 and 5.2
    INVALID_REQUEST = "invalid_request"
    INVALID_CLIENT = "invalid_client"
    INVALID_GRANT = "invalid_grant"
    UNAUTHORIZED_CLIENT = "unauthorized_client"
    UNSUPPORTED_GRANT_TYPE = "unsupported_grant_type"
    UNSUPPORTED_RESPONSE_TYPE = "unsupported_response_type"
    INVALID_SCOPE = "invalid_scope"
    ACCESS_DENIED = "access_denied"
    SERVER_ERROR = "server_error"
    TEMPORARILY_UNAVAILABLE = "temporarily_unavailable"
    # RFC 6750 section 3.1
    INVALID_TOKEN = "invalid_token"  # noqa: S105  # an error's name, not a secret
    INSUFFICIENT_SCOPE = "insufficient_scope"
    # RFC 7009 section 2.2.1
    UNSUPPORTED_TOKEN_TYPE = "unsupported_token_type"  # noqa: S105  # an error's name
    # RFC 7591 section 3.2.2
    INVALID_REDIRECT_URI = "invalid_redirect_uri"
    INVALID_CLIENT_METADATA = "invalid_client_metadata"
    UNAPPROVED_SOFTWARE_STATEMENT = "unapproved_software_statement"
    # RFC 8628 section 3.5
    AUTHORIZATION_PENDING = "authorization_pending"
    SLOW_DOWN = "slow_down"
    EXPIRED_TOKEN = "expired_token"  # noqa: S105  # an error's name, not a secret
    # RFC 8707 section 2
    INVALID_TARGET = "invalid_target"
    # RFC 9449 sections 5 and 8
    INVALID_DPOP_PROOF = "invalid_dpop_proof"
    USE_DPOP_NONCE = "use_dpop_nonce"
    # OpenID Connect Core section 3.1.2.6, RFC 9101 section 7
    INTERACTION_REQUIRED = "interaction_required"
    LOGIN_REQUIRED = "login_required"
    ACCOUNT_SELECTION_REQUIRED = "account_selection_required"
    CONSENT_REQUIRED = "consent_required"
    INVALID_REQUEST_URI = "invalid_request_uri"
    INVALID_REQUEST_OBJECT = "invalid_request_object"
    REQUEST_NOT_SUPPORTED = "request_not_supported"
    REQUEST_URI_NOT_SUPPORTED = "request_uri_not_supported"
    REGISTRATION_NOT_SUPPORTED = "registration_not_supported"
    # OpenID Connect Core Error Code unmet_authentication_requirements
    UNMET_AUTHENTICATION_REQUIREMENTS = "unmet_authentication_requirements"


_STATUS = {
    ErrorCode.INVALID_CLIENT: 401,
    ErrorCode.INVALID_TOKEN: 401,
    ErrorCode.INSUFFICIENT_SCOPE: 403,
    ErrorCode.SERVER_ERROR: 500,
    ErrorCode.TEMPORARILY_UNAVAILABLE: 503,
}


class OAuthError(Exception):
    """A request is refused with an error that its client may read.

    `description` holds only characters that RFC 6749 section 5.2 allows in error_description;
    others become `?`. `status` is the one of the answer where it is not a redirect.

    Not a frozen dataclass: context managers assign `__traceback__` to exceptions that pass.
    """

    def __init__(self, error: ErrorCode, description: str, status: int | None = None) -> None:
        self.error = error
        self.description = printable(description)
        self.status = _STATUS.get(error, 400) if status is None else status
        super().__init__(f"{self.error}: {self.description}")


class PageError(OAuthError):
    """An authorization request whose client or redirect_uri cannot be believed.

    It is told to the person on a page and never by a redirect (RFC 6749 section 4.1.2.1, RFC
    9700 section 4.11).
    """

    def __init__(self, description: str, error: ErrorCode = ErrorCode.INVALID_REQUEST) -> None:
        super().__init__(error, description, 400)


class TooManyRequests(OAuthError):  # noqa: N818  # the status's own name
    """Somebody asks too often; `retry_after` seconds later it may be tried again (RFC 6585)."""

    def __init__(self, description: str, retry_after: int) -> None:
        super().__init__(ErrorCode.TEMPORARILY_UNAVAILABLE, description, 429)
        self.retry_after = retry_after


class NotAllowed(OAuthError):  # noqa: N818  # the status's own name
    """What is asked about is there, but not by that method; `allowed` are those that are."""

    def __init__(self, allowed: str) -> None:
        super().__init__(ErrorCode.INVALID_REQUEST, "this method is not allowed here", 405)
        self.allowed = allowed


def printable(text: str) -> str:
    """`text` with %x20-21 / %x23-5B / %x5D-7E only, cut short (RFC 6749 section 5.2)."""
    cut = text[:MOST_DESCRIPTION_CHARACTERS]
    return "".join(c if " " <= c <= "~" and c not in '"\\' else "?" for c in cut)


def invalid_request(description: str) -> OAuthError:
    """The error of a malformed request (RFC 6749 section 5.2)."""
    return OAuthError(ErrorCode.INVALID_REQUEST, description)


def not_found() -> OAuthError:
    """The error of a path at which nothing is served."""
    return OAuthError(ErrorCode.INVALID_REQUEST, "there is nothing at this address", 404)
