"""GET and POST /device, RFC 8628 section 3.3: a person finds the device that shows them a code.

First who they are, then which device, then whether it may: nothing is sent without a click, for a
link with the code in it may come from anybody (section 5.4).
"""

from aiohttp import web

from authly_server.authorization import device
from authly_server.authorization.device import Tries
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
    described_scopes,
    forms,
    own_sign_in,
    services,
    visitor,
)
from authly_server.web.own_sign_in import Place
from authly_server.web.pages import device as pages
from authly_server.web.response import Response


_CODE, _DECISION = "device-code", "device-decision"
_PLACE = Place("/device", "your device")
_OUT_OF_DATE = "the form is out of date; go back and try again"


async def get(request: web.Request) -> Response:
    """Where to type the code; or to sign in, before that."""
    code = user_code.parse(forms.read_query(request).get("user_code"))
    session, user = await visitor.find(request)
    if session is None or user is None:
        carried = {} if code is None else {"user_code": user_code.display(code)}
        return own_sign_in.begin(request, _PLACE, carried)
    return _code_page(request, session, user, code)


async def sign_in(request: web.Request) -> Response:
    """POST /device/login: go on as whoever that is."""
    return await own_sign_in.post(request, _PLACE)


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
    return pages.question(
        action=_path(request, "/consent"),
        form_token=found.seal.form_token(session.id, _DECISION, code),
        client=client,
        username=user.username,
        user_code=user_code.display(code),
        scopes=await described_scopes.describe(request, waiting.scopes),
        resources=waiting.resources,
    )


def _check_form(request: web.Request, form: Parameters, session: Session, *bound: str) -> None:
    seal = services.of(request).seal
    if not seal.is_form_token(form.get("csrf"), session.id, *bound):
        raise PageError(_OUT_OF_DATE)


def _path(request: web.Request, rest: str = "") -> str:
    return answers.local(services.of(request).issuer, f"/device{rest}")
