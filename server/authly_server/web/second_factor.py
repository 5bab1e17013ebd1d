"""/account/second-factor: people ask for a code beside their password from now on, or no more.

The password is asked for again, and a code for whatever follows: a browser that somebody left
signed in changes nothing. Nothing is stored before the person has shown that their application has
the key; until then it is sealed into the form.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from aiohttp import web

from authly_server import entropy, telemetry
from authly_server.mail.message import Message
from authly_server.model.second_factor import SecondFactor
from authly_server.model.session import TWO_FACTORS, Session
from authly_server.model.user import User
from authly_server.protocol.errors import PageError
from authly_server.protocol.parameters import Parameters
from authly_server.storage import errors as storage_errors, second_factors
from authly_server.users import factor_seal, letters, one_time_codes, recovery_codes
from authly_server.users.second_factors import Outcome
from authly_server.web import (
    account,
    answers,
    forms,
    second_step,
    services,
    signing_in,
    visitor,
)
from authly_server.web.pages import rendering, second_factor as pages
from authly_server.web.response import Response
from authly_server.web.signing_in import Proved


_FAULTS = {
    Outcome.WRONG: "The code is wrong, or was used before. Wait for the next one.",
    Outcome.TOO_MANY: "There were too many wrong codes. Wait 15 minutes, or use a recovery code.",
    Outcome.OVER: "There were too many wrong codes here. Wait half an hour.",
}
_log = telemetry.logger(__name__)


@dataclass(frozen=True, slots=True)
class Visit:
    """Who is here, and what they show when they sign in; None for the password alone."""

    session: Session
    user: User
    factor: SecondFactor | None


async def get(request: web.Request) -> Response:
    """How it is now; to sign in, before that."""
    visit = await _visit(request, *await visitor.find(request))
    if visit is None:
        return account.lead_back(request, account.SECOND_FACTOR)
    return _overview(request, visit)


async def post(request: web.Request) -> Response:
    """One of the things that can be done.

    Raises:
        PageError: the form is out of date, or says nothing that can be done.
    """
    form = await forms.read(request)
    admitted = await account.admit(request, form, account.SECOND_FACTOR)
    visit = await _visit(request, *admitted)
    if visit is None:
        return account.lead_back(request, account.SECOND_FACTOR)
    action = _ACTIONS.get(form.get("action") or "")
    if action is None:
        raise PageError("the form does not say what is to be done")
    return await action(request, form, visit)


async def _begin(request: web.Request, form: Parameters, visit: Visit) -> Response:
    """The password was typed: a key, and the form for its first code."""
    if visit.factor is not None:
        return _overview(request, visit)
    fault = await _wrong_password(request, form, visit)
    if fault is not None:
        return _overview(request, visit, fault)
    key = entropy.draw(one_time_codes.KEY_BYTES)
    now, nonce = _now(request), entropy.draw(factor_seal.NONCE_BYTES)
    offer = services.of(request).factors.seal.offer(visit.session.id, key, now, nonce)
    return _offer(request, visit, key, offer)


async def _confirm(request: web.Request, form: Parameters, visit: Visit) -> Response:
    """The first code: the person's application has the key."""
    offer, now = form.get("offer"), _now(request)
    key = services.of(request).factors.seal.read_offer(visit.session.id, offer, now)
    if visit.factor is not None or key is None:
        fault = None if visit.factor else "That took longer than ten minutes. Begin anew."
        return _overview(request, visit, fault)
    code = one_time_codes.parse(form.get("code") or "")
    step = None if code is None else one_time_codes.find_step(key, code, now)
    if step is None:
        return _offer(request, visit, key, offer or "", is_failure=True)
    return await _enrol(request, visit, key, step)


async def _enrol(request: web.Request, visit: Visit, key: bytes, step: int) -> Response:
    """From now on it is asked for, also of this browser's session, which has just shown it."""
    found, user = services.of(request), visit.user
    codes = _draw_codes()
    sealed = found.factors.seal.close(user.id, key, entropy.draw(factor_seal.NONCE_BYTES))
    digests = recovery_codes.digests(user.id, codes)
    try:
        is_new = await second_factors.enrol(
            found.database, user.id, sealed_key=sealed, step=step, digests=digests
        )
    except storage_errors.Vanished as error:
        raise PageError("the account does not exist any more") from error
    if not is_new:
        return answers.redirect(_local(request))
    _tell(request, user, "second factor enrolled", letters.second_factor_on(user))
    _, value = await signing_in.begin_session(request, Proved(user, TWO_FACTORS))
    answer = pages.recovery_codes(codes=codes, action=_local(request))
    signing_in.keep(request, answer, user, value)
    return answer


async def _renew(request: web.Request, form: Parameters, visit: Visit) -> Response:
    """Other recovery codes, for who has used or lost theirs."""
    fault = await _unproved(request, form, visit)
    if fault is not None:
        return _overview(request, visit, fault)
    codes = _draw_codes()
    digests = recovery_codes.digests(visit.user.id, codes)
    database = services.of(request).database
    if not await second_factors.renew_recovery_codes(database, visit.user.id, digests):
        return answers.redirect(_local(request))
    _tell(request, visit.user, "recovery codes renewed", letters.recovery_codes(visit.user))
    return pages.recovery_codes(codes=codes, action=_local(request))


async def _remove(request: web.Request, form: Parameters, visit: Visit) -> Response:
    """The password alone is enough again."""
    fault = await _unproved(request, form, visit)
    if fault is not None:
        return _overview(request, visit, fault)
    if await second_factors.remove(services.of(request).database, visit.user.id):
        user = visit.user
        _tell(request, user, "second factor removed", letters.second_factor_off(user))
    return answers.redirect(_local(request))


_Action = Callable[[web.Request, Parameters, Visit], Awaitable[Response]]
_ACTIONS: Mapping[str, _Action] = {
    "begin": _begin,
    "confirm": _confirm,
    "renew": _renew,
    "remove": _remove,
}


async def _unproved(request: web.Request, form: Parameters, visit: Visit) -> str | None:
    """Why nothing is done, in a sentence; None for who has shown password and code."""
    if visit.factor is None:
        return "There is no second factor any more."
    fault = await _wrong_password(request, form, visit)
    if fault is not None:
        return fault
    outcome = await second_step.check(request, form, visit.factor, visit.session.id)
    return _FAULTS.get(outcome)


async def _wrong_password(request: web.Request, form: Parameters, visit: Visit) -> str | None:
    failed = await signing_in.confirm(request, visit.user, form.get("password") or "")
    if failed is not None and failed.seconds is not None:
        return f"There were too many attempts. Wait {rendering.wait(failed.seconds)}."
    return None if failed is None else "The password is wrong."


async def _visit(request: web.Request, session: Session | None, user: User | None) -> Visit | None:
    if session is None or user is None:
        return None
    factor = await second_factors.find(services.of(request).database, user.id)
    return Visit(session, user, factor)


def _draw_codes() -> tuple[str, ...]:
    return recovery_codes.write(entropy.draw(recovery_codes.COUNT * recovery_codes.BYTES))


def _overview(request: web.Request, visit: Visit, fault: str | None = None) -> Response:
    return pages.overview(
        action=_local(request),
        form_token=_form_token(request, visit),
        account=answers.local(services.of(request).issuer, account.ROOT),
        username=visit.user.username,
        factor=visit.factor,
        fault=fault,
    )


def _offer(
    request: web.Request, visit: Visit, key: bytes, offer: str, *, is_failure: bool = False
) -> Response:
    issuer = services.of(request).issuer
    return pages.offer(
        action=_local(request),
        form_token=_form_token(request, visit),
        offer=offer,
        key=one_time_codes.display(key),
        uri=one_time_codes.uri(key, visit.user.username, issuer),
        is_failure=is_failure,
    )


def _form_token(request: web.Request, visit: Visit) -> str:
    return services.of(request).seal.form_token(visit.session.id, account.SECOND_FACTOR)


def _tell(request: web.Request, user: User, event: str, letter: Message) -> None:
    """The log, and the person, who may not have done it themselves."""
    _log.info(event, user_id=user.id)
    outbox = services.of(request).outbox
    if outbox is not None:
        outbox.post(letter)


def _now(request: web.Request) -> int:
    return int(services.of(request).clock.now().timestamp())


def _local(request: web.Request) -> str:
    return answers.local(services.of(request).issuer, account.SECOND_FACTOR)
