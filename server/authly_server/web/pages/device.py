"""What people see who let a device act for them (RFC 8628 section 3.3)."""

from collections.abc import Sequence

from authly_server.model.client import Client, ClientOrigin
from authly_server.protocol import characters
from authly_server.web.pages import rendering
from authly_server.web.response import Response


def code(
    *, action: str, form_token: str, username: str, user_code: str, is_failure: bool
) -> Response:
    """Where the code is typed; 400 if the one sent is of no device that waits."""
    body = rendering.render(
        "device_code.html",
        action=action,
        form_token=form_token,
        username=characters.displayable(username),
        user_code=user_code,
        is_failure=is_failure,
    )
    return rendering.respond(body, 400 if is_failure else 200, form_target=rendering.OURS_ALONE)


def question(
    *,
    action: str,
    form_token: str,
    client: Client,
    username: str,
    user_code: str,
    scopes: Sequence[tuple[str, str]],
    resources: Sequence[str],
) -> Response:
    """What the device asks for, under which code, and the two answers."""
    body = rendering.render(
        "device_question.html",
        action=action,
        form_token=form_token,
        client_name=rendering.client_name(client),
        is_trusted=client.origin is ClientOrigin.OPERATOR,
        username=characters.displayable(username),
        user_code=user_code,
        scopes=[(name, characters.displayable(description)) for name, description in scopes],
        resources=resources,
    )
    return rendering.respond(body, 200, form_target=rendering.OURS_ALONE)


def done(*, is_allowed: bool) -> Response:
    """How it ended; the device finds out by itself."""
    return rendering.respond(rendering.render("device_done.html", is_allowed=is_allowed), 200)
