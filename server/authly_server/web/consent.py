"""GET and POST /consent: a person lets a client act for them, or does not."""

from aiohttp import web

from authly_server.authorization import transaction
from authly_server.authorization.interaction import Step
from authly_server.authorization.response import Refused
from authly_server.protocol.errors import ErrorCode, OAuthError, PageError
from authly_server.web import (
    answers,
    conversation,
    cookies,
    described_scopes,
    forms,
    pages,
    services,
    visitor,
)
from authly_server.web.conversation import Conversation
from authly_server.web.response import Response


_FORM = "consent"


async def get(request: web.Request) -> Response:
    """The question; or straight on, if it needs no answer any more."""
    try:
        found = await conversation.resume(request, request.query.get("transaction"))
        if found.step is Step.CONSENT:
            return await _page(request, found)
        return await conversation.proceed(request, found)
    except Refused as refused:
        return answers.refuse(request, refused)


async def post(request: web.Request) -> Response:
    """The answer. The grant takes the transaction's id, so a second submission finds it taken."""
    form = await forms.read(request)
    try:
        await _check_not_answered(request, form.get("transaction"))
        found = await conversation.resume(request, form.get("transaction"))
        if found.situation.session is None or found.step is Step.LOGIN:
            return await conversation.proceed(request, found)
        conversation.check_form(request, found, form.get("csrf"), *_bound(found))
        return await _decided(request, found, form.get("decision"))
    except Refused as refused:
        return answers.refuse(request, refused)


async def _decided(request: web.Request, found: Conversation, decision: str | None) -> Response:
    if decision == "allow":
        return await conversation.issue(request, found, found.transaction.id, remember=True)
    if decision != "deny":
        raise PageError("the form has no decision")
    await conversation.finish(request, found)
    denied = OAuthError(ErrorCode.ACCESS_DENIED, "the person did not consent")
    answer = answers.refuse(request, Refused(found.recipient, denied))
    cookies.drop_transaction(answer, found.transaction.id)
    return answer


async def _check_not_answered(request: web.Request, transaction_id: str | None) -> None:
    """A browser that stays on the page, for the client is no web page, invites to allow again.

    Raises:
        PageError: with status 409; this person has allowed it.
    """
    identified = transaction.identify(transaction_id)
    if identified is None or cookies.holds_transaction(request, identified):
        return
    if await visitor.has_granted(request, identified):
        raise conversation.answered()


async def _page(request: web.Request, found: Conversation) -> Response:
    services_ = services.of(request)
    local = answers.local
    asked = found.request.scopes | found.entitlement.scopes
    switching = f"transaction={found.transaction.id.hex}&switch=1"
    return pages.consent(
        action=local(services_.issuer, "/consent"),
        switch=f"{local(services_.issuer, '/login')}?{switching}",
        transaction_id=found.transaction.id.hex,
        form_token=services_.seal.form_token(found.transaction.id, *_bound(found)),
        client=found.client,
        username="" if found.user is None else found.user.username,
        scopes=await described_scopes.describe(request, asked),
        resources=found.request.resources,
        redirect_uri=found.recipient.redirect_uri,
    )


def _bound(found: Conversation) -> tuple[str, str]:
    """The form belongs to whom it was shown: signing in as another makes it void.

    Bound to the person rather than to the session, which the same person may have begun anew in
    another tab meanwhile.
    """
    session = found.situation.session
    return _FORM, "" if session is None else session.user_id.hex
