"""GET and POST /login: a person proves who they are, in a session of its own for this browser."""

from aiohttp import web

from authly_server.authorization import response
from authly_server.authorization.interaction import Step
from authly_server.authorization.response import Refused
from authly_server.protocol.errors import OAuthError
from authly_server.users.second_factors import Outcome
from authly_server.web import (
    answers,
    conversation,
    forms,
    pages,
    password_reset,
    second_step,
    services,
    signing_in,
)
from authly_server.web.conversation import Conversation
from authly_server.web.pages import rendering
from authly_server.web.response import Response
from authly_server.web.second_step import Shown
from authly_server.web.signing_in import Failed, Halfway, Proved


_FORM = "login"


async def get(request: web.Request) -> Response:
    """The form; or straight on, if the person has signed in meanwhile and does not want another."""
    try:
        found = await conversation.resume(request, request.query.get("transaction"))
        if found.step is Step.LOGIN or "switch" in request.query:
            return _page(request, found)
        return await conversation.proceed(request, found)
    except Refused as refused:
        return answers.refuse(request, refused)


async def post(request: web.Request) -> Response:
    """Sign in. An unknown user and a wrong password look the same and take the same time.

    Whoever has a second factor is asked for it then, and has no session before.
    """
    form = await forms.read(request)
    try:
        found = await conversation.resume(request, form.get("transaction"))
        conversation.check_form(request, found, form.get("csrf"), _FORM)
        outcome = await second_step.advance(request, form, found.transaction)
        if isinstance(outcome, Failed):
            return _page(request, found, outcome)
        if isinstance(outcome, Proved):
            return await _start_session(request, found, outcome)
        return _ask(request, found, outcome)
    except Refused as refused:
        return answers.refuse(request, refused)


def _ask(request: web.Request, found: Conversation, became: Halfway | Outcome) -> Response:
    try:
        return second_step.ask(request, found.transaction, became, _shown(request, found))
    except OAuthError as error:
        raise Refused(found.recipient, error) from error


def _shown(request: web.Request, found: Conversation) -> Shown:
    login = answers.local(services.of(request).issuer, "/login")
    return Shown(
        action=login,
        form_token=services.of(request).seal.form_token(found.transaction.id, _FORM),
        client_name=rendering.client_name(found.client),
        form_target=response.form_target(found.recipient.redirect_uri),
        anew=f"{login}?transaction={found.transaction.id.hex}&switch=1",
    )


def _page(request: web.Request, found: Conversation, failed: Failed | None = None) -> Response:
    seal = services.of(request).seal
    return pages.login(
        action=answers.local(services.of(request).issuer, "/login"),
        transaction_id=found.transaction.id.hex,
        form_token=seal.form_token(found.transaction.id, _FORM),
        client=found.client,
        username=failed.username if failed else found.request.login_hint,
        is_failure=failed is not None,
        wait_seconds=failed.seconds if failed else None,
        forgotten=password_reset.offer(request),
        redirect_uri=found.recipient.redirect_uri,
    )


async def _start_session(request: web.Request, found: Conversation, proved: Proved) -> Response:
    session, value = await signing_in.begin_session(request, proved)
    signed_in = await conversation.signed_in(request, found, session, proved.user)
    try:
        answer = await conversation.proceed(request, signed_in)
    except Refused as refused:
        answer = answers.refuse(request, refused)
    signing_in.keep(request, answer, proved.user, value)
    return answer
