"""Signing in at a page of our own, which no client has sent anybody to.

The way back is a path of ours and nothing that a request says, so that nobody is led anywhere
else; what has to be remembered until then is sealed in a cookie, and no row is written for it.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from aiohttp import web

from authly_server import entropy
from authly_server.authorization import transaction
from authly_server.authorization.transaction import Transaction
from authly_server.protocol.errors import PageError
from authly_server.protocol.parameters import Parameters
from authly_server.web import (
    answers,
    conversation,
    cookies,
    forms,
    password_reset,
    second_step,
    services,
    signing_in,
)
from authly_server.web.pages import rendering, sign_in as pages
from authly_server.web.response import Response
from authly_server.web.second_step import Shown
from authly_server.web.signing_in import Failed, Proved


@dataclass(frozen=True, slots=True)
class Place:
    """A page of ours: where it is, and what people go on to there, in words."""

    path: str
    purpose: str

    @property
    def login(self) -> str:
        """Where its sign-in form leads."""
        return f"{self.path}/login"

    @property
    def form(self) -> str:
        """What its form is bound to, so that no other form does for it."""
        return f"{self.path.removeprefix('/')}-login"


def begin(request: web.Request, place: Place, carried: Mapping[str, str]) -> Response:
    """A transaction of its own in the browser, so that nobody else's form signs anybody in.

    `carried` are parameters with which the page is gone back to.
    """
    found = services.of(request)
    now = int(found.clock.now().timestamp())
    parameters = Parameters({name: (value,) for name, value in carried.items()})
    started = Transaction(conversation.draw_id(), parameters, now)
    answer = _page(request, place, started)
    cookies.drop_surplus(request, answer, found.seal, now)
    sealed = found.seal.close(started, entropy.draw(transaction.NONCE_BYTES))
    cookies.set_transaction(answer, started.id, sealed)
    return answer


async def post(request: web.Request, place: Place) -> Response:
    """Sign in, and go back as whoever that is.

    Raises:
        PageError: the form is none that this browser was shown in the last half hour.
    """
    form = await forms.read(request)
    found = services.of(request)
    now = int(found.clock.now().timestamp())
    identified = transaction.identify(form.get("transaction"))
    opened = cookies.find_transaction(request, found.seal, identified, now)
    if opened is None or not found.seal.is_form_token(form.get("csrf"), opened.id, place.form):
        raise PageError("this sign-in was not started in this browser, or took too long")
    outcome = await second_step.advance(request, form, opened)
    if isinstance(outcome, Failed):
        return _page(request, place, opened, outcome)
    if not isinstance(outcome, Proved):
        return second_step.ask(request, opened, outcome, _shown(request, place, opened))
    _, value = await signing_in.begin_session(request, outcome)
    answer = answers.redirect(f"{answers.local(found.issuer, place.path)}?{opened.query}")
    cookies.drop_transaction(answer, opened.id)
    signing_in.keep(request, answer, outcome.user, value)
    return answer


def _shown(request: web.Request, place: Place, opened: Transaction) -> Shown:
    found = services.of(request)
    return Shown(
        action=answers.local(found.issuer, place.login),
        form_token=found.seal.form_token(opened.id, place.form),
        client_name=place.purpose,
        form_target=rendering.OURS_ALONE,
        anew=f"{answers.local(found.issuer, place.path)}?{opened.query}",
    )


def _page(
    request: web.Request, place: Place, started: Transaction, failed: Failed | None = None
) -> Response:
    found = services.of(request)
    return pages.login(
        action=answers.local(found.issuer, place.login),
        transaction_id=started.id.hex,
        form_token=found.seal.form_token(started.id, place.form),
        purpose=place.purpose,
        failed_as=failed.username if failed else None,
        wait_seconds=failed.seconds if failed else None,
        forgotten=password_reset.offer(request),
    )
