"""Who a person is, by user name and password, and the session that begins with that."""

from aiohttp import web

from authly_server import entropy, telemetry
from authly_server.model.session import Session
from authly_server.model.user import User
from authly_server.protocol.parameters import Parameters
from authly_server.storage import sessions, users
from authly_server.tokens import digest
from authly_server.users import names, passwords
from authly_server.web import cookies, logout, services


SESSION_PREFIX = "as_"
_log = telemetry.logger(__name__)


async def authenticate(request: web.Request, form: Parameters) -> User | None:
    """Whom the user name and the password of a form are of; None for nobody.

    An unknown user and a wrong password take the same time.
    """
    found, password = services.of(request), form.get("password") or ""
    try:
        username = names.parse(form.get("username") or "")
        user = await users.find_by_login(found.database, username)
        if user is None:
            await found.passwords.verify_nobody(password)
            return None
        is_right = await found.passwords.verify(password, user.password_hash)
    except (names.InvalidName, passwords.InvalidPassword):
        return None
    if not is_right or not user.enabled:
        _log.info("sign-in refused", user_id=user.id)
        return None
    await _renew_hash(request, user, password)
    return user


async def _renew_hash(request: web.Request, user: User, password: str) -> None:
    """The cost may have been raised since; only now is the password known again."""
    found = services.of(request)
    if found.passwords.outdated(user.password_hash):
        renewed = await found.passwords.hash(password)
        await users.record_password_hash(found.database, user.id, renewed)


async def begin_session(request: web.Request, user: User) -> tuple[Session, str]:
    """The session of who has just signed in, and the value of its cookie.

    A new cookie each time, never one that the browser brought along (session fixation). The
    session of somebody else ends; one's own goes on under the new cookie.
    """
    value = entropy.draw_token(SESSION_PREFIX)
    brought = cookies.session(request)
    former = None if brought is None else digest.sha256(brought)
    session = await sessions.start(
        services.of(request).database,
        digest=digest.sha256(value),
        user_id=user.id,
        ttl=cookies.SESSION_LIFETIME,
        former=former,
    )
    if former is not None:
        await logout.end(request, former)
    return session, value
