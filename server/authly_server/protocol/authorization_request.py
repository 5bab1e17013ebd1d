"""An authorization request, RFC 6749 section 4.1.1, read in two steps.

First who asks and where the answer would go: while that is not believed, an error is a page for
the person (`identify`). Then the rest, whose errors the client learns by a redirect (`parse`).
"""

from dataclasses import dataclass, field

from authly_server.protocol import (
    characters,
    claims_request,
    dpop,
    errors,
    pkce,
    resource_indicator,
    scope,
)
from authly_server.protocol.claims_request import ClaimsRequest
from authly_server.protocol.errors import ErrorCode, OAuthError
from authly_server.protocol.parameters import Parameters


MOST_STATE_CHARACTERS = 4096
MOST_NONCE_CHARACTERS = 2048
MOST_CLIENT_ID_CHARACTERS = 255
# Ten digits hold three hundred years in seconds; longer numbers are no ages.
MOST_MAX_AGE_DIGITS = 10
RESPONSE_TYPES = ("code",)
RESPONSE_MODES = ("query", "form_post")
PROMPTS = frozenset({"none", "login", "consent", "select_account"})


@dataclass(frozen=True, slots=True)
class Origin:
    """Who claims to ask, and where the answer is wanted; neither is believed yet."""

    client_id: str
    redirect_uri: str | None


@dataclass(frozen=True, slots=True)
class AuthorizationRequest:
    """A request that is well formed; whether its client may make it is for `authorization.checks`.

    `redirect_uri` is None if it was left out, `scopes` empty if none was asked for, `max_age` in
    seconds. Of OpenID Connect's other parameters, `acr_values` is voluntary and every ID token
    says its acr; `display`, `ui_locales` and `claims_locales` change nothing here.
    """

    client_id: str
    redirect_uri: str | None
    response_type: str
    response_mode: str
    scopes: frozenset[str]
    state: str | None
    code_challenge: str | None
    resources: tuple[str, ...]
    nonce: str | None
    prompt: frozenset[str]
    max_age: int | None
    id_token_hint: str | None = field(repr=False)
    login_hint: str | None
    claims: ClaimsRequest
    dpop_jkt: str | None = None


def identify(parameters: Parameters) -> Origin:
    """Who asks and where to; `parameters` come from a parse with `repeats=True`.

    Raises:
        PageError: client_id is missing, malformed or repeated, or redirect_uri is repeated.
    """
    for name in ("client_id", "redirect_uri"):
        if name in parameters.repeated:
            raise errors.PageError(f"{name} was sent more than once")
    client_id = parameters.get("client_id")
    if client_id is None:
        raise errors.PageError("client_id is missing")
    if len(client_id) > MOST_CLIENT_ID_CHARACTERS or not characters.consists_of(
        client_id, characters.VSCHAR
    ):
        raise errors.PageError("client_id is malformed")
    return Origin(client_id, parameters.get("redirect_uri"))


def find_state(parameters: Parameters) -> str | None:
    """The state to send back with whatever the answer is; None if there is none to send back.

    RFC 6749 section 4.1.2.1: "the exact value received from the client".
    """
    state = parameters.get("state")
    if state is None or "state" in parameters.repeated or len(state) > MOST_STATE_CHARACTERS:
        return None
    return state


def find_response_mode(parameters: Parameters) -> str:
    """How to answer, also an error: the mode asked for if it is one of ours, else query."""
    mode = parameters.get("response_mode")
    return (
        mode if mode in RESPONSE_MODES and "response_mode" not in parameters.repeated else "query"
    )


def parse(parameters: Parameters) -> AuthorizationRequest:
    """Read the whole request.

    Raises:
        PageError: as `identify`.
        OAuthError: for the client, by a redirect to its redirect URI.
    """
    origin = identify(parameters)
    parameters.check_not_repeated()
    _check_supported(parameters)
    _check_length(parameters, "state", MOST_STATE_CHARACTERS)
    _check_length(parameters, "nonce", MOST_NONCE_CHARACTERS)
    code_challenge = parameters.get("code_challenge")
    pkce.check_challenge(code_challenge, parameters.get("code_challenge_method"))
    scope_text = parameters.get("scope")
    return AuthorizationRequest(
        client_id=origin.client_id,
        redirect_uri=origin.redirect_uri,
        response_type=_response_type(parameters.get("response_type")),
        response_mode=_response_mode(parameters.get("response_mode")),
        scopes=frozenset() if scope_text is None else scope.parse(scope_text),
        state=parameters.get("state"),
        code_challenge=code_challenge,
        resources=resource_indicator.parse(parameters.get_all("resource")),
        nonce=parameters.get("nonce"),
        prompt=_prompt(parameters.get("prompt")),
        max_age=_max_age(parameters.get("max_age")),
        id_token_hint=parameters.get("id_token_hint"),
        login_hint=parameters.get("login_hint"),
        claims=claims_request.parse(parameters.get("claims")),
        dpop_jkt=dpop.parse_thumbprint(parameters.get("dpop_jkt")),
    )


def _check_supported(parameters: Parameters) -> None:
    """OpenID Connect Core sections 3.1.2.6, 6 and 7.2.1: say so rather than ignore."""
    for name, error in (
        ("request", ErrorCode.REQUEST_NOT_SUPPORTED),
        ("request_uri", ErrorCode.REQUEST_URI_NOT_SUPPORTED),
        ("registration", ErrorCode.REGISTRATION_NOT_SUPPORTED),
    ):
        if parameters.get(name) is not None:
            raise OAuthError(error, f"the parameter {name} is not supported")


def _check_length(parameters: Parameters, name: str, most: int) -> None:
    if len(parameters.get(name) or "") > most:
        raise errors.invalid_request(f"{name} has more than {most} characters")


def _response_type(value: str | None) -> str:
    if value is None:
        raise errors.invalid_request("response_type is missing")
    if value not in RESPONSE_TYPES:
        # RFC 9700 section 2.1.2 and OAuth 2.1 section 10.1: no token in a redirect.
        raise OAuthError(ErrorCode.UNSUPPORTED_RESPONSE_TYPE, "response_type must be code")
    return value


def _response_mode(value: str | None) -> str:
    if value is not None and value not in RESPONSE_MODES:
        raise errors.invalid_request("response_mode must be query or form_post")
    return value or "query"


def _prompt(value: str | None) -> frozenset[str]:
    """OpenID Connect Core section 3.1.2.1: unknown values are ignored, none stands alone."""
    prompts = frozenset((value or "").split(" ")) - {""}
    if "none" in prompts and len(prompts) > 1:
        raise errors.invalid_request("prompt=none cannot be combined with another value")
    return prompts & PROMPTS


def _max_age(value: str | None) -> int | None:
    if value is None:
        return None
    if len(value) > MOST_MAX_AGE_DIGITS or not (value.isascii() and value.isdigit()):
        raise errors.invalid_request("max_age must be a number of seconds")
    return int(value)
