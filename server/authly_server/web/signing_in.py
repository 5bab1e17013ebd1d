"""Who a person is, by user name and password, and the session that begins with that.

Whoever has a second factor is not signed in by the password: see `second_step`.
"""

from dataclasses import dataclass, replace

from aiohttp import web

from authly_server import entropy, telemetry
from authly_server.model.session import PASSWORD, Session
from authly_server.model.user import User
from authly_server.protocol.parameters import Parameters
from authly_server.storage import second_factors, sessions, users
from authly_server.tokens import digest
from authly_server.users import names, passwords
from authly_server.users.throttling import Attempt, Throttled
from authly_server.web import (
    client_address,
    cookies,
    devices,
    logout,
    rate_limit,
    services,
)
from authly_server.web.response import Response


SESSION_PREFIX = "as_"
_log = telemetry.logger(__name__)


@dataclass(frozen=True, slots=True)
class Failed:
    """Nobody has signed in; `seconds` to wait, where the password was not even looked at."""

    username: str
    seconds: int | None = None


@dataclass(frozen=True, slots=True)
class Halfway:
    """The password was right, and nobody has signed in: a second factor is awaited."""

    user: User


@dataclass(frozen=True, slots=True)
class Proved:
    """Somebody has proved who they are, as fully as they can; `acr` is one of `session.ACRS`."""

    user: User
    acr: str


async def authenticate(request: web.Request, form: Parameters) -> Proved | Halfway | Failed:
    """Whom the user name and the password of a form are of.

    An unknown user and a wrong password take the same time, and are throttled alike.
    """
    typed, password = form.get("username") or "", form.get("password") or ""
    try:
        username = names.parse(typed)
    except names.InvalidName:
        return Failed(typed)
    user = await users.find_by_login(services.of(request).database, username)
    failed = await _prove(request, username, user, password)
    if failed is not None or user is None:
        return Failed(typed, failed.seconds if failed else None)
    known = await _renew_hash(request, user, password)
    if known is None:
        return Failed(typed)
    factor = await second_factors.find(services.of(request).database, known.id)
    return Proved(known, PASSWORD) if factor is None else Halfway(known)


async def confirm(request: web.Request, user: User, password: str) -> Failed | None:
    """None if that is the password of who is signed in; counted as a sign-in by the address."""
    return await _prove(request, user.email, user, password)


async def _prove(
    request: web.Request, username: str, user: User | None, password: str
) -> Failed | None:
    attempt = _attempt(request, username, user)
    throttled = await _begin(request, attempt)
    if throttled is not None:
        return Failed(username, throttled.seconds)
    try:
        is_right = await _is_right(request, user, password)
    except passwords.InvalidPassword:
        is_right = False
    if not is_right:
        return Failed(username)
    await _succeed(request, attempt)
    return None


def _attempt(request: web.Request, username: str, user: User | None) -> Attempt:
    """Counted under the name as it was typed: two names of one person must not show as one."""
    device = None if user is None else devices.of_user(request, user.id)
    return Attempt(users.fold(username), client_address.network(request), device)


async def _begin(request: web.Request, attempt: Attempt) -> Throttled | None:
    found = services.of(request)
    throttled = None if found.throttle is None else await found.throttle.begin(attempt)
    if throttled is not None:
        found.metrics.login_throttled.labels(throttled.by).inc()
        _log.info("sign-in throttled", by=throttled.by, seconds=throttled.seconds)
    return throttled


async def _is_right(request: web.Request, user: User | None, password: str) -> bool:
    verifier = services.of(request).passwords
    if user is None:
        return await verifier.verify_nobody(password)
    is_right = await verifier.verify(password, user.password_hash) and user.enabled
    if not is_right:
        _log.info("sign-in refused", user_id=user.id)
    return is_right


async def _succeed(request: web.Request, attempt: Attempt) -> None:
    throttle = services.of(request).throttle
    if throttle is not None:
        await throttle.succeed(attempt)
    await rate_limit.prove(request)


async def _renew_hash(request: web.Request, user: User, password: str) -> User | None:
    """The cost may have been raised since; only now is the password known again.

    None where another one has come into its place meanwhile.
    """
    found = services.of(request)
    if not found.passwords.outdated(user.password_hash):
        return user
    renewed = await found.passwords.hash(password)
    if await users.record_password_hash(found.database, user, renewed):
        return replace(user, password_hash=renewed)
    # Another sign-in has renewed it, or somebody has changed it.
    present = await users.find(found.database, user.id)
    return present if present is not None and await _is_right(request, present, password) else None


def keep(request: web.Request, response: Response, user: User, value: str) -> None:
    """Let the browser keep the session, and be known again after it."""
    cookies.set_session(response, value)
    devices.remember(request, response, user.id)


async def begin_session(request: web.Request, proved: Proved) -> tuple[Session, str]:
    """The session of who has just signed in, and the value of its cookie.

    A new cookie each time, never one that the browser brought along (session fixation). The
    session of somebody else ends; one's own goes on under the new cookie.

    Raises:
        errors.Vanished: the account is gone or disabled meanwhile, or has another password.
    """
    value = entropy.draw_token(SESSION_PREFIX)
    brought = cookies.session(request)
    former = None if brought is None else digest.sha256(brought)
    session = await sessions.start(
        services.of(request).database,
        digest=digest.sha256(value),
        user_id=proved.user.id,
        acr=proved.acr,
        ttl=cookies.SESSION_LIFETIME,
        former=former,
        password_hash=proved.user.password_hash,
    )
    if former is not None:
        await logout.end(request, former)
    return session, value
