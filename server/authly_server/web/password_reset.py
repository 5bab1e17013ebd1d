"""/account/forgotten-password and /account/new-password: by mail, for who can read it.

Whoever asks learns nothing: not whether there is such a person, nor whether anything was sent.
The link is made of the issuer and never of a Host header.
"""

from aiohttp import web

from authly_server import telemetry
from authly_server.limits.rate import Bucket, Rate
from authly_server.mail.message import Message
from authly_server.model.user import User
from authly_server.protocol.errors import PageError
from authly_server.storage import users
from authly_server.users import letters, names
from authly_server.web import answers, cookies, forms, new_password, services
from authly_server.web.pages import account as pages
from authly_server.web.response import Response


FORGOTTEN = "/account/forgotten-password"
NEW = "/account/new-password"
# What one person is sent at most, whoever asks for it and from wherever.
_MAILS = Rate.every(20 * 60, 3)
_OVER = "this link was used before, or is more than 15 minutes old; ask for another one"
_log = telemetry.logger(__name__)


def offer(request: web.Request) -> str | None:
    """Where the sign-in page sends those who have forgotten theirs; nowhere without mail."""
    return None if services.of(request).outbox is None else _local(request, FORGOTTEN)


async def get_forgotten(request: web.Request) -> Response:
    """Where people say who they are."""
    return pages.forgotten(action=_local(request, FORGOTTEN))


async def post_forgotten(request: web.Request) -> Response:
    """The same answer whoever that is."""
    form = await forms.read(request)
    try:
        username = names.parse(form.get("username") or "")
    except names.InvalidName:
        return pages.forgotten(action=_local(request, FORGOTTEN), is_failure=True)
    found = services.of(request)
    user = await users.find_by_login(found.database, username)
    refusal = await found.limiter.take([Bucket(f"reset:{_person(username, user)}", _MAILS)])
    if user is not None and user.enabled and refusal is None:
        _send(request, letters.forgotten(user, _link(request, user)))
    return pages.forgotten_sent()


async def get_new(request: web.Request) -> Response:
    """Where a new password is typed, for whoever has the link.

    Raises:
        PageError: the link is none of ours, or over.
    """
    token = forms.read_query(request).get("token")
    return _form(request, await _find(request, token), token)


async def post_new(request: web.Request) -> Response:
    """The new password, once.

    Raises:
        PageError: the link is none of ours, or over.
    """
    form = await forms.read(request)
    token = form.get("token")
    user = await _find(request, token)
    fault, password = new_password.read(request, form, user)
    if fault is not None:
        return _form(request, user, token, fault)
    await _replace(request, user, password)
    _send(request, letters.changed(user))
    answer = pages.password_changed()
    cookies.drop_all(request, answer)
    return answer


async def _find(request: web.Request, token: str | None) -> User:
    found = services.of(request)
    subject = found.reset_tokens.subject(token)
    user = None if subject is None else await users.find(found.database, subject)
    now = int(found.clock.now().timestamp())
    if user is None or not user.enabled or not found.reset_tokens.is_good(token, user, now):
        raise PageError(_OVER)
    return user


async def _replace(request: web.Request, user: User, password: str) -> None:
    found = services.of(request)
    password_hash = await found.passwords.hash(password)
    notices = await users.replace_password(found.database, user, password_hash)
    if notices is None:
        raise PageError(_OVER)
    _log.info("password changed", user_id=user.id)
    if notices:
        found.logout_bell.set()


def _form(
    request: web.Request, user: User, token: str | None, fault: str | None = None
) -> Response:
    return pages.new_password(
        action=_local(request, NEW),
        token=token or "",
        username=user.username,
        minimum=services.of(request).settings.password_minimum_length,
        fault=fault,
    )


def _link(request: web.Request, user: User) -> str:
    found = services.of(request)
    now = int(found.clock.now().timestamp())
    return f"{found.issuer}{NEW}?token={found.reset_tokens.issue(user, now)}"


def _person(username: str, user: User | None) -> str:
    """By whom mails are counted: two names of one person are one, and nobody's count as well."""
    return users.fold(username) if user is None else user.id.hex


def _send(request: web.Request, message: Message) -> None:
    outbox = services.of(request).outbox
    assert outbox is not None  # noqa: S101  # without one there is no such route
    outbox.post(message)


def _local(request: web.Request, path: str) -> str:
    return answers.local(services.of(request).issuer, path)
