"""/account: what a person sees of their own account, where they are signed in and what they let in.

Both can only be ended here, which is less than whoever holds the session could do otherwise, so
that no younger sign-in is asked for.
"""

from uuid import UUID

from aiohttp import web

from authly_server.authorization import transaction
from authly_server.model.session import Session
from authly_server.model.user import User
from authly_server.protocol.errors import PageError
from authly_server.protocol.parameters import Parameters
from authly_server.storage import applications, sessions
from authly_server.web import (
    answers,
    described_scopes,
    forms,
    own_sign_in,
    services,
    visitor,
)
from authly_server.web.own_sign_in import Place
from authly_server.web.pages import own_account as pages
from authly_server.web.pages.own_account import Said
from authly_server.web.response import Response


_PLACE = Place("/account", "your account")
ROOT = _PLACE.path
LOGIN = _PLACE.login
SESSIONS = "/account/sessions"
APPLICATIONS = "/account/applications"
PASSWORD = "/account/password"  # noqa: S105  # a path
SECOND_FACTOR = "/account/second-factor"
# Where to go on after signing in, by what the address says.
_PAGES = {"password": PASSWORD, "second-factor": SECOND_FACTOR}
_OTHERS = "others"
_SAID = "account-said"
# Of each; those that are ended make room for the next.
_MOST = 50


async def get(request: web.Request) -> Response:
    """The page; or to sign in, before that."""
    sent = forms.read_query(request)
    session, user = await visitor.find(request)
    page = next((name for name in _PAGES if name == sent.get("page")), None)
    if session is None or user is None:
        return own_sign_in.begin(request, _PLACE, {} if page is None else {"page": page})
    if page is not None:
        return answers.redirect(answers.local(services.of(request).issuer, _PAGES[page]))
    return await _page(request, session, user, _read_said(request, session, sent))


async def sign_in(request: web.Request) -> Response:
    """POST /account/login."""
    return await own_sign_in.post(request, _PLACE)


async def end_sessions(request: web.Request) -> Response:
    """POST /account/sessions: one of the person's own, or all but this one."""
    form = await forms.read(request)
    session, _ = await admit(request, form, SESSIONS)
    if session is None:
        return lead_back(request)
    wanted, database = form.get("session"), services.of(request).database
    if wanted == _OTHERS:
        notices = await sessions.end_others_of(
            database, user_id=session.user_id, session_id=session.id
        )
        return tell(request, session, Said.OTHERS_ENDED, notices)
    named = _identify(wanted)
    notices = await sessions.end_one_of(database, user_id=session.user_id, session_id=named)
    return tell(request, session, Said.SESSION_ENDED, notices)


async def withdraw(request: web.Request) -> Response:
    """POST /account/applications: one of them has nothing of the person any more."""
    form = await forms.read(request)
    session, _ = await admit(request, form, APPLICATIONS)
    if session is None:
        return lead_back(request)
    notices = await applications.withdraw(
        services.of(request).database,
        user_id=session.user_id,
        client_id=_identify(form.get("application")),
    )
    return tell(request, session, Said.WITHDRAWN, notices)


async def admit(
    request: web.Request, form: Parameters, path: str
) -> tuple[Session, User] | tuple[None, None]:
    """The session that a form was shown to, and its person; nothing if it is over.

    Raises:
        PageError: the form was shown to another one, or by somebody else.
    """
    found = await visitor.find(request)
    session, seal = found[0], services.of(request).seal
    if session is not None and not seal.is_form_token(form.get("csrf"), session.id, path):
        raise PageError("the form is out of date; go back and try again")
    return found


def tell(request: web.Request, session: Session, said: Said, notices: int) -> Response:
    """Back to the page, which says so; and on to the clients that have to be told of an end.

    Sealed, so that no link of others makes the page say it.
    """
    found = services.of(request)
    if notices:
        found.logout_bell.set()
    proof = found.seal.form_token(session.id, _SAID, said)
    return answers.redirect(f"{answers.local(found.issuer, ROOT)}?said={said}&proof={proof}")


def lead_back(request: web.Request, path: str = ROOT) -> Response:
    """To the page, where whoever is not signed in any more can do so, and from there to `path`."""
    page = next((f"?page={name}" for name, each in _PAGES.items() if each == path), "")
    return answers.redirect(answers.local(services.of(request).issuer, ROOT) + page)


def _identify(text: str | None) -> UUID:
    found = transaction.identify(text)
    if found is None:
        raise PageError("the form does not say which one; go back and try again")
    return found


def _read_said(request: web.Request, session: Session, sent: Parameters) -> Said | None:
    proof, seal = sent.get("proof"), services.of(request).seal
    said = next((each for each in Said if each == sent.get("said")), None)
    if said is None or not seal.is_form_token(proof, session.id, _SAID, said):
        return None
    return said


async def _page(request: web.Request, session: Session, user: User, said: Said | None) -> Response:
    found = services.of(request)
    seal = found.seal
    held = await applications.find_of(
        found.database, user.id, access_token_ttl=found.settings.access_token_ttl, most=_MOST
    )
    names = frozenset(name for each in held for name in each.scopes)
    return pages.overview(
        root=answers.local(found.issuer, ""),
        sessions_token=seal.form_token(session.id, SESSIONS),
        applications_token=seal.form_token(session.id, APPLICATIONS),
        user=user,
        present=session.id,
        sign_ins=await sessions.find_of(found.database, user.id, first=session.id, most=_MOST),
        applications=held,
        descriptions=dict(await described_scopes.describe(request, names)),
        said=said,
    )
