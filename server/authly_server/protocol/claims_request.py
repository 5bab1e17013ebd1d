"""The claims parameter, OpenID Connect Core section 5.5: claims asked for one by one."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from authly_server.protocol import errors, json_object


MOST_CHARACTERS = 4096
MOST_CLAIMS = 50
MOST_VALUES = 20
# Which scope covers a claim (section 5.4): a client that may not ask for it gets no such claim.
COVERED_BY: Mapping[str, str] = {
    "preferred_username": "profile",
    "updated_at": "profile",
    "email": "email",
    "email_verified": "email",
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """How a claim is wanted; `values` are the ones that would do, empty where any does."""

    is_essential: bool = False
    values: tuple[object, ...] = ()


@dataclass(frozen=True, slots=True)
class ClaimsRequest:
    """Claims by name, for the ID token and for userinfo."""

    id_token: Mapping[str, Wanted] = field(default_factory=dict)
    userinfo: Mapping[str, Wanted] = field(default_factory=dict)


def parse(text: str | None) -> ClaimsRequest:
    """Read the parameter; "any members used that are not understood MUST be ignored".

    Raises:
        OAuthError: invalid_request.
    """
    if text is None:
        return ClaimsRequest()
    if len(text) > MOST_CHARACTERS:
        raise errors.invalid_request(f"claims has more than {MOST_CHARACTERS} characters")
    try:
        asked = json_object.parse(text)
        return ClaimsRequest(_member(asked.get("id_token")), _member(asked.get("userinfo")))
    except ValueError as error:
        raise errors.invalid_request("claims must be a JSON object of requests") from error


def _member(value: object) -> Mapping[str, Wanted]:
    if value is None:
        return {}
    if not isinstance(value, dict) or len(value) > MOST_CLAIMS:
        message = "not an object of claims"
        raise ValueError(message)
    return {str(name): _wanted(request) for name, request in value.items()}


def _wanted(request: object) -> Wanted:
    if request is None:
        return Wanted()
    if not isinstance(request, dict):
        message = "neither null nor an object"
        raise ValueError(message)  # noqa: TRY004  # what was read is wrong, not how it was called
    essential, values = request.get("essential", False), request.get("values", [])
    if not isinstance(essential, bool) or not isinstance(values, list):
        message = "essential must be true or false, and values an array"
        raise ValueError(message)  # noqa: TRY004  # likewise
    if len(values) > MOST_VALUES or ("value" in request and values):
        message = "too many values"
        raise ValueError(message)
    return Wanted(essential, (request["value"],) if "value" in request else tuple(values))
