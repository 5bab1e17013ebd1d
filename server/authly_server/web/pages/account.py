"""What people see who have forgotten their password."""

from authly_server.protocol import characters
from authly_server.users import names
from authly_server.web.pages import rendering
from authly_server.web.response import Response


def forgotten(*, action: str, is_failure: bool = False) -> Response:
    """Where one says who one is; 400 if that cannot be a name."""
    body = rendering.render(
        "forgotten.html",
        action=action,
        is_failure=is_failure,
        most_username_characters=names.MOST_CHARACTERS,
    )
    return rendering.respond(body, 400 if is_failure else 200, form_target=rendering.OURS_ALONE)


def forgotten_sent() -> Response:
    """That something was sent, if there is anybody to send it to."""
    return rendering.respond(rendering.render("forgotten_sent.html"), 200)


def new_password(
    *, action: str, token: str, username: str, minimum: int, fault: str | None
) -> Response:
    """Where a new password is typed; 400 and the reason if the one sent cannot be it."""
    body = rendering.render(
        "new_password.html",
        action=action,
        token=token,
        username=characters.displayable(username),
        minimum=minimum,
        fault=fault,
    )
    return rendering.respond(body, 200 if fault is None else 400, form_target=rendering.OURS_ALONE)


def password_changed() -> Response:
    """How it ended."""
    return rendering.respond(rendering.render("password_changed.html"), 200)
