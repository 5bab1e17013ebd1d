"""A token request, RFC 6749 section 3.2, as one frozen value for each grant type."""

from collections.abc import Callable
from dataclasses import dataclass, field

from authly_server.protocol import errors, pkce, resource_indicator, scope
from authly_server.protocol.parameters import Parameters


CLIENT_CREDENTIALS = "client_credentials"
DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code"
TOKEN_EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"  # noqa: S105  # a grant type
# RFC 8693 section 3: the only type of token that goes in and comes out.
ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"  # noqa: S105  # a type of token


@dataclass(frozen=True, slots=True)
class AuthorizationCodeRequest:
    """RFC 6749 section 4.1.3 with RFC 7636 section 4.5 and RFC 8707 section 2.2."""

    code: str = field(repr=False)
    redirect_uri: str | None
    code_verifier: str | None = field(repr=False)
    resources: tuple[str, ...]
    grant_type: str = "authorization_code"


@dataclass(frozen=True, slots=True)
class RefreshTokenRequest:
    """RFC 6749 section 6; `scopes` is None when the token's own are meant."""

    refresh_token: str = field(repr=False)
    scopes: frozenset[str] | None
    resources: tuple[str, ...]
    grant_type: str = "refresh_token"


@dataclass(frozen=True, slots=True)
class ClientCredentialsRequest:
    """RFC 6749 section 4.4.2; `scopes` is None when the client's own are meant."""

    scopes: frozenset[str] | None
    resources: tuple[str, ...]
    grant_type: str = CLIENT_CREDENTIALS


@dataclass(frozen=True, slots=True)
class DeviceCodeRequest:
    """RFC 8628 section 3.4."""

    device_code: str = field(repr=False)
    resources: tuple[str, ...] = ()
    grant_type: str = DEVICE_CODE


@dataclass(frozen=True, slots=True)
class TokenExchangeRequest:
    """RFC 8693 section 2.1; `resources` holds audiences too, `scopes` is None for the token's."""

    subject_token: str = field(repr=False)
    actor_token: str | None = field(repr=False)
    scopes: frozenset[str] | None
    resources: tuple[str, ...]
    grant_type: str = TOKEN_EXCHANGE


TokenRequest = (
    AuthorizationCodeRequest
    | RefreshTokenRequest
    | ClientCredentialsRequest
    | DeviceCodeRequest
    | TokenExchangeRequest
)


def parse(parameters: Parameters) -> TokenRequest:
    """Read a token request.

    Raises:
        OAuthError: unsupported_grant_type, invalid_request, invalid_scope or invalid_target.
    """
    grant_type = _required(parameters, "grant_type")
    if grant_type not in _PARSE:
        # RFC 6749 section 5.2; `password` and `implicit` are gone (RFC 9700 sections 2.1.2, 2.4).
        raise errors.OAuthError(
            errors.ErrorCode.UNSUPPORTED_GRANT_TYPE, "this grant_type is not supported"
        )
    return _PARSE[grant_type](parameters)


def parse_refresh(parameters: Parameters) -> RefreshTokenRequest:
    """Read a request to the refresh endpoint, where grant_type may be left out.

    Raises:
        OAuthError: invalid_request, invalid_scope or invalid_target.
    """
    if parameters.get("grant_type") not in {None, "refresh_token"}:
        raise errors.invalid_request("grant_type must be refresh_token here")
    return RefreshTokenRequest(
        refresh_token=_required(parameters, "refresh_token"),
        scopes=_scopes(parameters),
        resources=resource_indicator.parse(parameters.get_all("resource")),
    )


def _authorization_code(parameters: Parameters) -> AuthorizationCodeRequest:
    code_verifier = parameters.get("code_verifier")
    if code_verifier is not None:
        pkce.check_verifier(code_verifier)
    return AuthorizationCodeRequest(
        code=_required(parameters, "code"),
        redirect_uri=parameters.get("redirect_uri"),
        code_verifier=code_verifier,
        resources=resource_indicator.parse(parameters.get_all("resource")),
    )


def _client_credentials(parameters: Parameters) -> ClientCredentialsRequest:
    return ClientCredentialsRequest(
        scopes=_scopes(parameters),
        resources=resource_indicator.parse(parameters.get_all("resource")),
    )


def _device_code(parameters: Parameters) -> DeviceCodeRequest:
    return DeviceCodeRequest(device_code=_required(parameters, "device_code"))


def _token_exchange(parameters: Parameters) -> TokenExchangeRequest:
    subject_token = _required(parameters, "subject_token")
    _check_token_type(_required(parameters, "subject_token_type"))
    actor_token, actor_type = parameters.get("actor_token"), parameters.get("actor_token_type")
    if (actor_token is None) != (actor_type is None):
        raise errors.invalid_request("actor_token and actor_token_type belong together")
    _check_token_type(actor_type)
    _check_token_type(parameters.get("requested_token_type"))
    return TokenExchangeRequest(
        subject_token=subject_token,
        actor_token=actor_token,
        scopes=_scopes(parameters),
        resources=resource_indicator.parse_targets(
            parameters.get_all("resource"), parameters.get_all("audience")
        ),
    )


def _check_token_type(value: str | None) -> None:
    """RFC 8693 section 3: another type is understood by nobody here."""
    if value not in {None, ACCESS_TOKEN}:
        raise errors.invalid_request("the token types must be those of access tokens")


_PARSE: dict[str, Callable[[Parameters], TokenRequest]] = {
    "authorization_code": _authorization_code,
    "refresh_token": parse_refresh,
    CLIENT_CREDENTIALS: _client_credentials,
    DEVICE_CODE: _device_code,
    TOKEN_EXCHANGE: _token_exchange,
}


def _scopes(parameters: Parameters) -> frozenset[str] | None:
    text = parameters.get("scope")
    return None if text is None else scope.parse(text)


def _required(parameters: Parameters, name: str) -> str:
    value = parameters.get(name)
    if value is None:
        raise errors.invalid_request(f"{name} is missing")
    return value
