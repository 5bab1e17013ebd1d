"""GET and POST /logout, OpenID Connect RP-Initiated Logout: a person's session ends.

Without being asked only where an ID token proves that a client of this very session wants it; for
anybody can send a browser here. And it leads on only to what that client has registered.
"""

from urllib.parse import urlencode

from aiohttp import web

from authly_server.logout import claimant
from authly_server.logout.claimant import Claimant
from authly_server.model.session import Session
from authly_server.protocol import logout_request
from authly_server.protocol.errors import PageError
from authly_server.protocol.logout_request import CARRIED, LogoutRequest
from authly_server.protocol.parameters import Parameters
from authly_server.storage import sessions
from authly_server.tokens import digest
from authly_server.web import answers, cookies, forms, pages, services, visitor
from authly_server.web.response import Response


_FORM = "logout"


async def get(request: web.Request) -> Response:
    """Sign out, or ask whether that is wanted."""
    sent = forms.read_query(request)
    wanted = logout_request.parse(sent)
    claims = await _recognise(request, wanted)
    session, user = await visitor.find(request)
    if session is None or user is None:
        return _leave(request, claims, wanted)
    if claims is not None and claims.may_end(session):
        return await _sign_out(request, claims, wanted)
    return pages.logout(
        action=answers.local(services.of(request).issuer, "/logout"),
        form_token=services.of(request).seal.form_token(session.id, _FORM),
        client=None if claims is None else claims.client,
        username=user.username,
        carried=_carried(sent),
        destination=None if claims is None else claims.destination(wanted),
    )


async def post(request: web.Request) -> Response:
    """The answer of a person; or the same as GET, for section 2 admits both.

    A form that another site posts comes without our SameSite=Lax cookies, so whose session it is
    about is only found out by the GET that follows.
    """
    form = await forms.read(request)
    wanted = logout_request.parse(form)
    if form.get("decision") is None:
        path = answers.local(services.of(request).issuer, "/logout")
        return answers.redirect(f"{path}?{urlencode(_carried(form))}")
    session, _ = await visitor.find(request)
    claims = await _recognise(request, wanted)
    if session is None:
        return _leave(request, claims, wanted)
    _check_form(request, form, session)
    if form.get("decision") != "sign-out":
        return pages.logout_done(is_signed_out=False)
    return await _sign_out(request, claims, wanted)


async def end(request: web.Request, session_digest: bytes) -> None:
    """End a session, and have the clients told that take part in it."""
    found = services.of(request)
    if await sessions.end(found.database, session_digest):
        found.logout_bell.set()


async def _recognise(request: web.Request, wanted: LogoutRequest) -> Claimant | None:
    found = services.of(request)
    return await claimant.recognise(found.registry, found.keys.ring, found.issuer, wanted)


async def _sign_out(
    request: web.Request, claims: Claimant | None, wanted: LogoutRequest
) -> Response:
    value = cookies.session(request)
    if value is not None:
        await end(request, digest.sha256(value))
    return _leave(request, claims, wanted)


def _leave(request: web.Request, claims: Claimant | None, wanted: LogoutRequest) -> Response:
    """On to where the client wants it, or to a page that says how it ended."""
    destination = None if claims is None else claims.destination(wanted)
    if destination is None:
        answer = pages.logout_done(is_signed_out=True)
    else:
        answer = answers.redirect(destination)
    cookies.drop_all(request, answer)
    return answer


def _carried(sent: Parameters) -> dict[str, str]:
    values = {name: sent.get(name) for name in CARRIED}
    return {name: value for name, value in values.items() if value is not None}


def _check_form(request: web.Request, form: Parameters, session: Session) -> None:
    seal = services.of(request).seal
    if not seal.is_form_token(form.get("csrf"), session.id, _FORM):
        raise PageError("the form is out of date; go back and try again")
