"""What people see of their second factor."""

from collections.abc import Sequence

from authly_server.model.second_factor import SecondFactor
from authly_server.protocol import characters
from authly_server.web.pages import rendering
from authly_server.web.response import Response


_MOST_CHARACTERS = 32


def ask(
    *,
    action: str,
    transaction_id: str,
    form_token: str,
    step: str,
    client_name: str,
    anew: str,
    is_failure: bool,
    wait_seconds: int | None,
    form_target: str,
) -> Response:
    """Where a code is typed to sign in; 400 if the one sent was wrong, 429 to wait."""
    body = rendering.render(
        "second_step.html",
        action=action,
        transaction_id=transaction_id,
        form_token=form_token,
        step=step,
        client_name=client_name,
        anew=anew,
        is_failure=is_failure,
        wait=rendering.wait(wait_seconds),
        most_characters=_MOST_CHARACTERS,
    )
    answer = rendering.respond(body, 400 if is_failure else 200, form_target=form_target)
    return rendering.delay(answer, wait_seconds)


def overview(
    *,
    action: str,
    form_token: str,
    account: str,
    username: str,
    factor: SecondFactor | None,
    fault: str | None,
) -> Response:
    """Whether there is one, and the form to change that; 400 and why if nothing was changed."""
    body = rendering.render(
        "second_factor.html",
        action=action,
        form_token=form_token,
        account=account,
        username=characters.displayable(username),
        since=f"{factor.enrolled_at:%-d %B %Y}" if factor else None,
        recovery_codes=factor.recovery_codes if factor else 0,
        fault=fault,
        most_characters=_MOST_CHARACTERS,
    )
    return rendering.respond(body, 200 if fault is None else 400, form_target=rendering.OURS_ALONE)


def offer(
    *, action: str, form_token: str, offer: str, key: str, uri: str, is_failure: bool
) -> Response:
    """A key to take up, and where its first code is typed; 400 if the one sent was wrong."""
    body = rendering.render(
        "second_factor_offer.html",
        action=action,
        form_token=form_token,
        offer=offer,
        key=key,
        uri=uri,
        is_failure=is_failure,
        most_characters=_MOST_CHARACTERS,
    )
    return rendering.respond(body, 400 if is_failure else 200, form_target=rendering.OURS_ALONE)


def recovery_codes(*, codes: Sequence[str], action: str) -> Response:
    """The codes, this once; `action` is where one goes on."""
    body = rendering.render("recovery_codes.html", codes=codes, action=action)
    return rendering.respond(body, 200)
