"""How pages are made of templates, and the policy under which each is shown."""

import base64
import functools
import hashlib
from pathlib import Path
from typing import Protocol

import jinja2
from markupsafe import Markup

from authly_server.clients import metadata_document
from authly_server.model.client import ClientOrigin
from authly_server.protocol import characters
from authly_server.web.response import Response


OURS_ALONE = ""
"""The target of forms that lead to us and nowhere else."""
_MINUTE = 60
_FOLDER = Path(__file__).parent
_TEMPLATES = jinja2.Environment(
    loader=jinja2.FileSystemLoader(_FOLDER),
    autoescape=True,
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


class Named(Protocol):
    """Whatever has what a client is called by."""

    @property
    def client_id(self) -> str: ...  # noqa: D102  # as a client's own
    @property
    def display_name(self) -> str: ...  # noqa: D102  # as a client's own
    @property
    def origin(self) -> ClientOrigin: ...  # noqa: D102  # as a client's own


def render(template: str, **context: object) -> str:
    """A template of this folder, filled in; whatever comes from outside is escaped."""
    return _TEMPLATES.get_template(template).render(style=Markup(_style()), **context)  # noqa: S704  # a file of ours


@functools.cache
def _style() -> str:
    return (_FOLDER / "style.css").read_text("utf-8")


def respond(
    body: str, status: int, *, form_target: str | None = None, script: str | None = None
) -> Response:
    """The page, which may only do what it is made for: forms of it lead to us or to `form_target`.

    None is for a page without a form, and empty for one whose form leads to us alone.
    """
    policy = _policy(form_target, script)
    return Response(body.encode(), "text/html; charset=utf-8", status=status, policy=policy)


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


def client_name(client: Named) -> str:
    """What to call it: a name that somebody answers for, or else the host that publishes it."""
    return voucher(client) or characters.displayable(client.display_name)


def voucher(client: Named) -> str | None:
    """The host that a client proves to be of by its document; None for every other client."""
    if client.origin is not ClientOrigin.DOCUMENT:
        return None
    return metadata_document.host(client.client_id)


def wait(seconds: int | None) -> str:
    """A time to wait in words; nothing for none."""
    if seconds is None:
        return ""
    unit, count = ("minute", -(-seconds // _MINUTE)) if seconds > _MINUTE else ("second", seconds)
    return f"{count} {unit}{'' if count == 1 else 's'}"


def delay(page: Response, seconds: int | None) -> Response:
    """The same page, with status 429 if one has to wait (RFC 6585 section 4)."""
    if seconds is not None:
        page.status = 429
        page.headers["Retry-After"] = str(seconds)
    return page
