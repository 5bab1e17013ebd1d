"""GET and POST /device, RFC 8628 section 3.3: a person finds the device that shows them a code.

First who they are, then which device, then whether it may: nothing is sent without a click, for a
link with the code in it may come from anybody (section 5.4).
"""

from aiohttp import web

from authly_server import entropy
from authly_server.authorization import device, transaction
from authly_server.authorization.device import Tries
from authly_server.authorization.transaction import Transaction
from authly_server.model.device_authorization import WaitingDevice
from authly_server.model.grant import Authentication
from authly_server.model.session import Session
from authly_server.model.user import User
from authly_server.protocol import user_code
from authly_server.protocol.errors import PageError
from authly_server.protocol.parameters import Parameters
from authly_server.storage import device_authorizations, errors as storage_errors
from authly_server.web import (
    answers,
    client_address,
    conversation,
    cookies,
    forms,
    languages,
    password_reset,
    services,
    signing_in,
    visitor,
)
from authly_server.web.pages import device as pages
from authly_server.web.response import Response
from authly_server.web.signing_in import Failed


_LOGIN, _CODE, _DECISION = "device-login", "device-code", "device-decision"
_OUT_OF_DATE = "the form is out of date; go back and try again"


async def get(request: web.Request) -> Response:
    """Where to type the code; or to sign in, before that."""
    code = user_code.parse(forms.read_query(request).get("user_code"))
    session, user = await visitor.find(request)
    if session is None or user is None:
        return _begin_sign_in(request, code)
    return _code_page(request, session, user, code)


async def sign_in(request: web.Request) -> Response:
    """POST /device/login: go on as whoever that is."""
    form = await forms.read(request)
    found = services.of(request)
    now = int(found.clock.now().timestamp())
    identified = transaction.identify(form.get("transaction"))
    opened = cookies.find_transaction(request, found.seal, identified, now)
    if opened is None or not found.seal.is_form_token(form.get("csrf"), opened.id, _LOGIN):
        raise PageError("this sign-in was not started in this browser, or took too long")
    user = await signing_in.authenticate(request, form)
    if isinstance(user, Failed):
        return _login_page(request, opened, user)
    _, value = await signing_in.begin_session(request, user)
    answer = answers.redirect(f"{_path(request)}?{opened.query}")
    cookies.drop_transaction(answer, opened.id)
    signing_in.keep(request, answer, user, value)
    return answer


async def post(request: web.Request) -> Response:
    """The code: on to the question, if there is a device of that code."""
    form = await forms.read(request)
    session, user = await visitor.find(request)
    if session is None or user is None:
        return answers.redirect(_path(request))
    _check_form(request, form, session, _CODE)
    code = user_code.parse(form.get("user_code"))
    if code is None:
        return _code_page(request, session, user, None, is_failure=True)
    waiting = await _find(request, user, code)
    if waiting is None:
        return _code_page(request, session, user, code, is_failure=True)
    return await _question(request, session, user, code, waiting)


async def decide(request: web.Request) -> Response:
    """POST /device/consent: the answer, once."""
    form = await forms.read(request)
    session, _ = await visitor.find(request)
    code = user_code.parse(form.get("user_code"))
    if session is None or code is None:
        return answers.redirect(_path(request))
    # Only who was shown the question has this token: no code can be tried here.
    _check_form(request, form, session, _DECISION, code)
    decision = form.get("decision")
    if decision not in {"allow", "deny"}:
        raise PageError("the form has no decision")
    is_allowed = decision == "allow"
    if not await _settle(request, session, code, is_allowed=is_allowed):
        raise PageError("the code has expired or was answered before; begin anew on your device")
    services.of(request).metrics.authorizations.labels(
        "granted" if is_allowed else "access_denied"
    ).inc()
    return pages.done(is_allowed=is_allowed)


async def _find(request: web.Request, user: User, code: str) -> WaitingDevice | None:
    """The device of that code; a wrong one counts.

    Raises:
        PageError: with status 429; this person, or this address, has tried too often.
    """
    found = services.of(request)
    tries = Tries(user.id, client_address.network(request))
    if not await device.may_try(found.database, tries):
        refusal = PageError("too many wrong codes; wait ten minutes, then begin anew")
        refusal.status = 429
        raise refusal
    waiting = await device_authorizations.find(found.database, found.user_codes.digest(code))
    if waiting is not None:
        await device.forgive(found.database, tries)
    return waiting


async def _settle(request: web.Request, session: Session, code: str, *, is_allowed: bool) -> bool:
    found = services.of(request)
    named = found.user_codes.digest(code)
    if not is_allowed:
        return await device_authorizations.deny(found.database, named)
    authentication = Authentication(session.id, session.authenticated_at, session.acr)
    try:
        return await device_authorizations.allow(
            found.database, named, user_id=session.user_id, authentication=authentication
        )
    except storage_errors.Vanished as error:
        raise PageError("the account does not exist any more") from error


def _begin_sign_in(request: web.Request, code: str | None) -> Response:
    """A transaction of its own in the browser, so that nobody else's form signs anybody in."""
    found = services.of(request)
    now = int(found.clock.now().timestamp())
    carried = {} if code is None else {"user_code": (user_code.display(code),)}
    started = Transaction(conversation.draw_id(), Parameters(carried), now)
    answer = _login_page(request, started)
    cookies.drop_surplus(request, answer, found.seal, now)
    sealed = found.seal.close(started, entropy.draw(transaction.NONCE_BYTES))
    cookies.set_transaction(answer, started.id, sealed)
    return answer


def _login_page(
    request: web.Request, started: Transaction, failed: Failed | None = None
) -> Response:
    return pages.login(
        action=_path(request, "/login"),
        transaction_id=started.id.hex,
        form_token=services.of(request).seal.form_token(started.id, _LOGIN),
        failed_as=failed.username if failed else None,
        wait_seconds=failed.seconds if failed else None,
        forgotten=password_reset.offer(request),
    )


def _code_page(
    request: web.Request,
    session: Session,
    user: User,
    code: str | None,
    *,
    is_failure: bool = False,
) -> Response:
    return pages.code(
        action=_path(request),
        form_token=services.of(request).seal.form_token(session.id, _CODE),
        username=user.username,
        user_code="" if code is None else user_code.display(code),
        is_failure=is_failure,
    )


async def _question(
    request: web.Request, session: Session, user: User, code: str, waiting: WaitingDevice
) -> Response:
    found = services.of(request)
    client = await found.registry.client(waiting.client_id)
    if client is None:
        raise PageError("the application does not exist any more")
    read = languages.of(request)
    known = await found.registry.scopes()
    descriptions = {scope.name: scope.described_in(read) for scope in known}
    return pages.question(
        action=_path(request, "/consent"),
        form_token=found.seal.form_token(session.id, _DECISION, code),
        client=client,
        username=user.username,
        user_code=user_code.display(code),
        scopes=[(name, descriptions.get(name, "")) for name in sorted(waiting.scopes)],
        resources=waiting.resources,
    )


def _check_form(request: web.Request, form: Parameters, session: Session, *bound: str) -> None:
    seal = services.of(request).seal
    if not seal.is_form_token(form.get("csrf"), session.id, *bound):
        raise PageError(_OUT_OF_DATE)


def _path(request: web.Request, rest: str = "") -> str:
    return answers.local(services.of(request).issuer, f"/device{rest}")
