"""A logout request, OpenID Connect RP-Initiated Logout section 2."""

from dataclasses import dataclass, field

from authly_server.protocol import errors
from authly_server.protocol.parameters import Parameters


MOST_STATE_CHARACTERS = 4096
# What is handed on to the page that asks a person; logout_hint and ui_locales change nothing here.
CARRIED = ("id_token_hint", "client_id", "post_logout_redirect_uri", "state")


@dataclass(frozen=True, slots=True)
class LogoutRequest:
    """What somebody says who wants a person signed out; nothing of it is believed yet."""

    id_token_hint: str | None = field(repr=False)
    client_id: str | None
    post_logout_redirect_uri: str | None
    state: str | None


def parse(parameters: Parameters) -> LogoutRequest:
    """Read the request; every parameter may be left out.

    Raises:
        OAuthError: invalid_request for a state that is too long.
    """
    state = parameters.get("state")
    if len(state or "") > MOST_STATE_CHARACTERS:
        raise errors.invalid_request(f"state has more than {MOST_STATE_CHARACTERS} characters")
    return LogoutRequest(
        id_token_hint=parameters.get("id_token_hint"),
        client_id=parameters.get("client_id"),
        post_logout_redirect_uri=parameters.get("post_logout_redirect_uri"),
        state=state,
    )
