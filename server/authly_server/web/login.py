"""GET and POST /login: a person proves who they are, in a session of its own for this browser."""

from aiohttp import web

from authly_server import entropy, telemetry
from authly_server.authorization.interaction import Step
from authly_server.authorization.response import Refused
from authly_server.model.user import User
from authly_server.protocol.parameters import Parameters
from authly_server.storage import sessions, users
from authly_server.tokens import digest
from authly_server.users import names, passwords
from authly_server.web import answers, conversation, cookies, forms, logout, pages, services
from authly_server.web.conversation import Conversation


SESSION_PREFIX = "as_"
_FORM = "login"
_log = telemetry.logger(__name__)


async def get(request: web.Request) -> web.Response:
    """The form; or straight on, if the person has signed in meanwhile and does not want another."""
    try:
        found = await conversation.resume(request, request.query.get("transaction"))
        if found.step is Step.LOGIN or "switch" in request.query:
            return _page(request, found)
        return await conversation.proceed(request, found)
    except Refused as refused:
        return answers.refuse(request, refused)


async def post(request: web.Request) -> web.Response:
    """Sign in. An unknown user and a wrong password look the same and take the same time."""
    form = await forms.read(request)
    try:
        found = await conversation.resume(request, form.get("transaction"))
        conversation.check_form(request, found, form.get("csrf"), _FORM)
        user = await _authenticate(request, form)
        if user is None:
            return _page(request, found, form.get("username"))
        return await _start_session(request, found, user)
    except Refused as refused:
        return answers.refuse(request, refused)


def _page(request: web.Request, found: Conversation, failed_as: str | None = None) -> web.Response:
    is_failure = request.method == "POST"
    seal = services.of(request).seal
    return pages.login(
        action=answers.local(services.of(request).issuer, "/login"),
        transaction_id=found.transaction.id.hex,
        form_token=seal.form_token(found.transaction.id, _FORM),
        client=found.client,
        username=failed_as if is_failure else found.request.login_hint,
        is_failure=is_failure,
        redirect_uri=found.recipient.redirect_uri,
    )


async def _authenticate(request: web.Request, form: Parameters) -> User | None:
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


async def _start_session(request: web.Request, found: Conversation, user: User) -> web.Response:
    """A new cookie each time, never one that the browser brought along (session fixation).

    The session of somebody else ends; one's own goes on under the new cookie.
    """
    database = services.of(request).database
    value = entropy.draw_token(SESSION_PREFIX)
    brought = cookies.session(request)
    former = None if brought is None else digest.sha256(brought)
    session = await sessions.start(
        database,
        digest=digest.sha256(value),
        user_id=user.id,
        ttl=cookies.SESSION_LIFETIME,
        former=former,
    )
    if former is not None:
        await logout.end(request, former)
    signed_in = await conversation.signed_in(request, found, session, user)
    try:
        answer = await conversation.proceed(request, signed_in)
    except Refused as refused:
        answer = answers.refuse(request, refused)
    cookies.set_session(answer, value)
    return answer
