"""Where people sign in who came to a page of our own."""

from authly_server.users import names
from authly_server.web.pages import rendering
from authly_server.web.response import Response


def login(
    *,
    action: str,
    transaction_id: str,
    form_token: str,
    purpose: str,
    failed_as: str | None,
    wait_seconds: int | None,
    forgotten: str | None,
) -> Response:
    """The form for user name and password; `purpose` are our own words for what follows.

    400 if the ones sent were wrong, by `failed_as`; 429 if that has to wait.
    """
    body = rendering.render(
        "login.html",
        action=action,
        transaction_id=transaction_id,
        form_token=form_token,
        client_name=purpose,
        username=(failed_as or "")[: names.MOST_CHARACTERS],
        is_failure=failed_as is not None,
        wait=rendering.wait(wait_seconds),
        most_username_characters=names.MOST_CHARACTERS,
        forgotten=forgotten,
    )
    status = 200 if failed_as is None else 400
    answer = rendering.respond(body, status, form_target=rendering.OURS_ALONE)
    return rendering.delay(answer, wait_seconds)
