"""The second step of signing in: whoever has typed the right password shows their second factor.

Until then nobody is signed in and there is no session. That the password was right is sealed into
the cookie of the transaction, for ten minutes, and is worth nothing without a code: tries are
counted beside it, so that a cookie of before brings none back.
"""

from dataclasses import dataclass, replace
from uuid import UUID

from aiohttp import web

from authly_server import entropy, telemetry
from authly_server.authorization import transaction
from authly_server.authorization.transaction import Awaited, Transaction
from authly_server.model.second_factor import SecondFactor
from authly_server.model.session import TWO_FACTORS
from authly_server.model.user import User
from authly_server.protocol.errors import PageError
from authly_server.protocol.parameters import Parameters
from authly_server.storage import second_factors, users
from authly_server.tokens import digest
from authly_server.users import second_factors as checking
from authly_server.users.second_factors import Guesser, Outcome
from authly_server.web import cookies, devices, rate_limit, services, signing_in
from authly_server.web.pages import second_factor as pages
from authly_server.web.response import Response
from authly_server.web.signing_in import Failed, Halfway, Proved


SECONDS = 10 * 60
_FINGERPRINT_BYTES = 16
_STEP = "second-factor"
_ANEW = "the password was typed too long ago, or is another one now; sign in again"
_OVER = "there were too many wrong codes, and this sign-in is over"
_log = telemetry.logger(__name__)


@dataclass(frozen=True, slots=True)
class Shown:
    """What the page is like: where its form leads, on whose behalf, and where one begins anew."""

    action: str
    form_token: str
    client_name: str
    form_target: str
    anew: str


async def advance(
    request: web.Request, form: Parameters, opened: Transaction
) -> Proved | Failed | Halfway | Outcome:
    """Look at the form of either step: who has signed in by it, or what became of it.

    Raises:
        PageError: nobody is awaited here any more, or there were too many wrong codes.
    """
    if form.get("step") != _STEP:
        return await signing_in.authenticate(request, form)
    user, factor = await _find(request, opened.awaited)
    outcome = await check(request, form, factor, opened.id)
    if outcome is Outcome.OVER:
        raise PageError(_OVER)
    if outcome is not Outcome.RIGHT:
        return outcome
    await rate_limit.prove(request)
    return Proved(user, TWO_FACTORS)


def ask(
    request: web.Request, opened: Transaction, became: Halfway | Outcome, shown: Shown
) -> Response:
    """The page: for who has just typed their password, or again for whose code was a wrong one.

    Raises:
        OAuthError: invalid_request if the request is too long to be kept in a cookie.
    """
    outcome = became if isinstance(became, Outcome) else None
    answer = pages.ask(
        action=shown.action,
        transaction_id=opened.id.hex,
        form_token=shown.form_token,
        step=_STEP,
        client_name=shown.client_name,
        anew=shown.anew,
        is_failure=outcome is not None,
        wait_seconds=checking.WHILE_SECONDS if outcome is Outcome.TOO_MANY else None,
        form_target=shown.form_target,
    )
    if isinstance(became, Halfway):
        cookies.set_transaction(answer, opened.id, _await(request, opened, became.user))
    return answer


async def check(
    request: web.Request, form: Parameters, factor: SecondFactor, place: UUID
) -> Outcome:
    """Use up the code of a form; `place` is the sign-in or session in which tries count."""
    found = services.of(request)
    device = devices.of_user(request, factor.user_id)
    guesser = Guesser(factor.user_id, place, checking.known_browser(device, factor))
    typed = form.get("code") or ""
    outcome = await found.factors.check(factor, typed, guesser, found.clock.now())
    if outcome is not Outcome.RIGHT:
        _log.info("second factor refused", user_id=factor.user_id, outcome=outcome.name.lower())
    return outcome


def _await(request: web.Request, opened: Transaction, user: User) -> str:
    found = services.of(request)
    awaited = Awaited(user.id, _fingerprint(user), int(found.clock.now().timestamp()))
    nonce = entropy.draw(transaction.NONCE_BYTES)
    return found.seal.close(replace(opened, awaited=awaited), nonce)


async def _find(request: web.Request, awaited: Awaited | None) -> tuple[User, SecondFactor]:
    found = services.of(request)
    now = int(found.clock.now().timestamp())
    if awaited is None or now >= awaited.since + SECONDS:
        raise PageError(_ANEW)
    user = await users.find(found.database, awaited.user_id)
    factor = await second_factors.find(found.database, awaited.user_id)
    if user is None or factor is None or not user.enabled:
        raise PageError(_ANEW)
    if _fingerprint(user) != awaited.password:
        raise PageError(_ANEW)
    return user, factor


def _fingerprint(user: User) -> bytes:
    return digest.sha256(f"awaited\0{user.password_hash}")[:_FINGERPRINT_BYTES]
