"""GET and POST /login: a person proves who they are, in a session of its own for this browser."""

from aiohttp import web

from authly_server.authorization.interaction import Step
from authly_server.authorization.response import Refused
from authly_server.model.user import User
from authly_server.web import (
    answers,
    conversation,
    forms,
    pages,
    password_reset,
    services,
    signing_in,
)
from authly_server.web.conversation import Conversation
from authly_server.web.response import Response
from authly_server.web.signing_in import Failed


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
    """Sign in. An unknown user and a wrong password look the same and take the same time."""
    form = await forms.read(request)
    try:
        found = await conversation.resume(request, form.get("transaction"))
        conversation.check_form(request, found, form.get("csrf"), _FORM)
        user = await signing_in.authenticate(request, form)
        if isinstance(user, Failed):
            return _page(request, found, user)
        return await _start_session(request, found, user)
    except Refused as refused:
        return answers.refuse(request, refused)


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


async def _start_session(request: web.Request, found: Conversation, user: User) -> Response:
    session, value = await signing_in.begin_session(request, user)
    signed_in = await conversation.signed_in(request, found, session, user)
    try:
        answer = await conversation.proceed(request, signed_in)
    except Refused as refused:
        answer = answers.refuse(request, refused)
    signing_in.keep(request, answer, user, value)
    return answer
