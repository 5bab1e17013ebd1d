"""/account/password: who is signed in changes the password that they know.

Only by it: a session alone could have been left open, or stolen. So no younger sign-in is asked
for.
"""

from aiohttp import web

from authly_server import entropy, telemetry
from authly_server.model.session import Session
from authly_server.model.user import User
from authly_server.protocol.errors import PageError
from authly_server.storage import users
from authly_server.tokens import digest
from authly_server.users import letters
from authly_server.web import (
    account,
    answers,
    cookies,
    forms,
    new_password,
    services,
    signing_in,
    visitor,
)
from authly_server.web.pages import own_password as pages
from authly_server.web.pages.own_account import Said
from authly_server.web.pages.own_password import Fault
from authly_server.web.response import Response


_log = telemetry.logger(__name__)


async def get(request: web.Request) -> Response:
    """Where it is typed; or to sign in, before that."""
    session, user = await visitor.find(request)
    if session is None or user is None:
        return account.lead_back(request, account.PASSWORD)
    return _page(request, session, user)


async def post(request: web.Request) -> Response:
    """The present password and the new one; everything that rests on the present one ends."""
    form = await forms.read(request)
    session, user = await account.admit(request, form, account.PASSWORD)
    if session is None or user is None:
        return account.lead_back(request, account.PASSWORD)
    if user.password_is_kept:
        raise PageError("the password of this account is kept where the server is set up")
    present = form.get("present") or ""
    fault, password = new_password.read(request, form, user)
    if fault is None and password == present:
        fault = "It is the present one."
    if fault is not None:
        return _page(request, session, user, Fault("password", fault))
    failed = await signing_in.confirm(request, user, present)
    if failed is not None:
        return _page(request, session, user, Fault("present", wait_seconds=failed.seconds))
    return await _change(request, session, user, password)


async def _change(request: web.Request, session: Session, user: User, password: str) -> Response:
    """This browser stays signed in, by a session of another id and another cookie."""
    found = services.of(request)
    value = entropy.draw_token(signing_in.SESSION_PREFIX)
    changed = await users.change_password(
        found.database,
        user,
        await found.passwords.hash(password),
        present=digest.sha256(cookies.session(request) or ""),
        digest=digest.sha256(value),
        acr=session.acr,
        ttl=cookies.SESSION_LIFETIME,
    )
    if changed is None:
        return account.lead_back(request, account.PASSWORD)
    begun, notices = changed
    _log.info("password changed", user_id=user.id)
    if found.outbox is not None:
        found.outbox.post(letters.changed_by_owner(user))
    answer = account.tell(request, begun, Said.PASSWORD_CHANGED, notices)
    signing_in.keep(request, answer, user, value)
    return answer


def _page(
    request: web.Request, session: Session, user: User, fault: Fault | None = None
) -> Response:
    found = services.of(request)
    if user.password_is_kept:
        return pages.kept(root=answers.local(found.issuer, ""))
    return pages.change(
        root=answers.local(found.issuer, ""),
        form_token=found.seal.form_token(session.id, account.PASSWORD),
        username=user.username,
        minimum=found.settings.password_minimum_length,
        fault=fault,
    )
