"""What people see who change the password that they know."""

from dataclasses import dataclass

from authly_server.protocol import characters
from authly_server.web.pages import rendering
from authly_server.web.response import Response


@dataclass(frozen=True, slots=True)
class Fault:
    """Why nothing was changed: the name of the field, and a sentence where it says more.

    `wait_seconds` where the present password was not even looked at.
    """

    field: str
    sentence: str = ""
    wait_seconds: int | None = None


def change(
    *, root: str, form_token: str, username: str, minimum: int, fault: Fault | None
) -> Response:
    """The form; 400 and the reason if what was sent changed nothing, 429 to wait."""
    wait_seconds = None if fault is None else fault.wait_seconds
    body = rendering.render(
        "own_password.html",
        root=root,
        form_token=form_token,
        username=characters.displayable(username),
        minimum=minimum,
        fault=fault,
        wait=rendering.wait(wait_seconds),
    )
    status = 200 if fault is None else 400
    answer = rendering.respond(body, status, form_target=rendering.OURS_ALONE)
    return rendering.delay(answer, wait_seconds)


def kept(*, root: str) -> Response:
    """That it is changed somewhere else."""
    return rendering.respond(rendering.render("password_kept.html", root=root), 200)
