"""What people see: plain HTML that works without script, under a policy that admits no other."""

import base64
import functools
import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import urlsplit

import jinja2
from aiohttp import web
from markupsafe import Markup

from authly_server.authorization import response
from authly_server.authorization.response import AuthorizationResponse
from authly_server.clients import metadata_document
from authly_server.model.client import Client, ClientOrigin
from authly_server.protocol import characters
from authly_server.users import names


_FOLDER = Path(__file__).parent
_TEMPLATES = jinja2.Environment(
    loader=jinja2.FileSystemLoader(_FOLDER),
    autoescape=True,
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
# The one script that there is: it spares people the click on a form that is for the client.
_SUBMIT = "document.forms[0].submit()"
_FIRST_OF_OURS = 500
_WAIT = "Wait a little, then load this page again. If that does not help, pass on the reference."
_GO_BACK = (
    "Go back to the application that you came from and start again. If you end up here once more,"
    " tell the people who run it the reference below."
)


def login(
    *,
    action: str,
    transaction_id: str,
    form_token: str,
    client: Client,
    username: str | None,
    is_failure: bool,
    redirect_uri: str,
) -> web.Response:
    """The form for user name and password; 400 if the ones sent were wrong."""
    body = _render(
        "login.html",
        action=action,
        transaction_id=transaction_id,
        form_token=form_token,
        client_name=_name(client),
        username=(username or "")[: names.MOST_CHARACTERS],
        is_failure=is_failure,
        most_username_characters=names.MOST_CHARACTERS,
    )
    return _respond(
        body, 400 if is_failure else 200, form_target=response.form_target(redirect_uri)
    )


def consent(
    *,
    action: str,
    switch: str,
    transaction_id: str,
    form_token: str,
    client: Client,
    username: str,
    scopes: Sequence[tuple[str, str]],
    resources: Sequence[str],
    redirect_uri: str,
) -> web.Response:
    """What the client asks for, and the two answers."""
    body = _render(
        "consent.html",
        action=action,
        switch=switch,
        transaction_id=transaction_id,
        form_token=form_token,
        client_name=characters.displayable(client.display_name),
        voucher=_voucher(client),
        is_trusted=client.origin is ClientOrigin.OPERATOR,
        client_uri=_client_page(client),
        username=characters.displayable(username),
        scopes=[(name, characters.displayable(description)) for name, description in scopes],
        resources=resources,
        destination=_destination(redirect_uri),
    )
    return _respond(body, 200, form_target=response.form_target(redirect_uri))


def logout(
    *,
    action: str,
    form_token: str,
    client: Client | None,
    username: str,
    carried: Mapping[str, str],
    destination: str | None,
) -> web.Response:
    """Whether the person wants to sign out; `carried` is the request, to be read again."""
    body = _render(
        "logout.html",
        action=action,
        form_token=form_token,
        client_name=None if client is None else characters.displayable(client.display_name),
        username=characters.displayable(username),
        carried=carried,
    )
    target = "" if destination is None else response.form_target(destination)
    return _respond(body, 200, form_target=target)


def logout_done(*, is_signed_out: bool) -> web.Response:
    """How a logout ended that leads nowhere else."""
    return _respond(_render("logout_done.html", is_signed_out=is_signed_out), 200)


def error(status: int, title: str, explanation: str, reference: str) -> web.Response:
    """Something that a person has to know; `reference` finds it in the log."""
    body = _render(
        "error.html",
        title=title,
        explanation=explanation,
        advice=_advice(status),
        reference=reference,
    )
    return _respond(body, status)


def _advice(status: int) -> str:
    if status == 409:  # noqa: PLR2004  # Conflict
        return "Go back to the application, which goes on from there. You can close this page."
    return _WAIT if status >= _FIRST_OF_OURS else _GO_BACK


def form_post(answer: AuthorizationResponse) -> web.Response:
    """An authorization response that the browser posts (OAuth 2.0 Form Post Response Mode)."""
    body = _render(
        "form_post.html",
        action=answer.redirect_uri,
        parameters=answer.parameters,
        destination=_destination(answer.redirect_uri),
        script=Markup(_SUBMIT),  # noqa: S704  # a constant of ours
    )
    return _respond(
        body, 200, form_target=response.form_target(answer.redirect_uri), script=_SUBMIT
    )


def leaving(answer: AuthorizationResponse, explanation: str) -> web.Response:
    """A refusal that only goes on to the client if the person wants to."""
    body = _render(
        "leaving.html",
        explanation=f"{explanation}.",
        destination=_destination(answer.redirect_uri),
        location=answer.location,
    )
    return _respond(body, 400)


def _render(template: str, **context: object) -> str:
    return _TEMPLATES.get_template(template).render(style=Markup(_style()), **context)  # noqa: S704  # a file of ours


@functools.cache
def _style() -> str:
    return (_FOLDER / "style.css").read_text("utf-8")


def _respond(
    body: str, status: int, *, form_target: str | None = None, script: str | None = None
) -> web.Response:
    answer = web.Response(text=body, status=status, content_type="text/html", charset="utf-8")
    answer.headers["Content-Security-Policy"] = _policy(form_target, script)
    return answer


@functools.lru_cache(maxsize=1024)
def _policy(form_target: str | None, script: str | None) -> str:
    """CSP Level 3: nothing but our own style, and forms that lead to us and to the client."""
    targets = "'none'" if form_target is None else f"'self' {form_target}".strip()
    directives = [
        "default-src 'none'",
        f"style-src '{_hash(_style())}'",
        f"form-action {targets}",
        "frame-ancestors 'none'",
        "base-uri 'none'",
    ]
    return "; ".join(directives + ([f"script-src '{_hash(script)}'"] if script else []))


def _hash(source: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(source.encode()).digest()).decode("ascii")


def _destination(redirect_uri: str) -> str:
    """Where the person is sent afterwards, in a word: a host, or an application on this device."""
    parts = urlsplit(redirect_uri)
    if parts.scheme not in {"http", "https"}:
        return "an application on this device"
    return parts.netloc


def _name(client: Client) -> str:
    """What to call it: a name that somebody answers for, or else the host that publishes it."""
    return _voucher(client) or characters.displayable(client.display_name)


def _voucher(client: Client) -> str | None:
    """The host that a client proves to be of by its document; None for every other client."""
    if client.origin is not ClientOrigin.DOCUMENT:
        return None
    return metadata_document.host(client.client_id)


def _client_page(client: Client) -> str | None:
    """The client's own page, if it is one that a link may lead to: nobody's advertisement."""
    page = _web_page(client.client_uri)
    if page is None or client.origin is ClientOrigin.OPERATOR:
        return page
    return page if urlsplit(page).netloc == _voucher(client) else None


def _web_page(uri: str | None) -> str | None:
    """A URI as a link, if it is one that a link may lead to."""
    return uri if uri is not None and urlsplit(uri).scheme == "https" else None
