"""What people see of their own account."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from uuid import UUID

from authly_server.model.client import ClientOrigin
from authly_server.model.own_account import Application, SignIn
from authly_server.model.user import User
from authly_server.protocol import characters
from authly_server.web.pages import rendering
from authly_server.web.response import Response


class Said(StrEnum):
    """What has just been done, as the address of the page says it."""

    SESSION_ENDED = "session-ended"
    OTHERS_ENDED = "others-ended"
    WITHDRAWN = "withdrawn"
    PASSWORD_CHANGED = "password-changed"  # noqa: S105  # not one


_SENTENCES: Mapping[Said | None, str] = {
    None: "",
    Said.SESSION_ENDED: "That browser is signed out.",
    Said.OTHERS_ENDED: "You are signed out everywhere else.",
    Said.WITHDRAWN: "The application has no access any more.",
    Said.PASSWORD_CHANGED: "Your password is changed. You are signed out everywhere else.",
}


def overview(
    *,
    root: str,
    sessions_token: str,
    applications_token: str,
    user: User,
    present: UUID,
    sign_ins: Sequence[SignIn],
    applications: Sequence[Application],
    descriptions: Mapping[str, str],
    said: Said | None,
) -> Response:
    """Who they are, where they are signed in, and which applications they let in.

    `root` is the issuer's path, `present` the session that this page is for, `descriptions` are
    those of scopes by their names.
    """
    body = rendering.render(
        "account.html",
        root=root,
        sessions_token=sessions_token,
        applications_token=applications_token,
        username=characters.displayable(user.username),
        email=characters.displayable(user.email),
        said=_SENTENCES[said],
        sign_ins=[_sign_in(each, is_present=each.session_id == present) for each in sign_ins],
        applications=[_application(each, descriptions) for each in applications],
    )
    return rendering.respond(body, 200, form_target=rendering.OURS_ALONE)


def _sign_in(found: SignIn, *, is_present: bool) -> Mapping[str, object]:
    return {
        "value": found.session_id.hex,
        "is_present": is_present,
        "since": _moment(found.authenticated_at),
        "used": _moment(found.used_at),
        "until": _moment(found.expires_at),
    }


def _application(found: Application, descriptions: Mapping[str, str]) -> Mapping[str, object]:
    scopes = sorted(found.scopes)
    return {
        "value": found.id.hex,
        "name": rendering.client_name(found),
        "is_trusted": found.origin is ClientOrigin.OPERATOR,
        "scopes": [(name, characters.displayable(descriptions.get(name, ""))) for name in scopes],
        "since": _moment(found.since),
        "used": _moment(found.used_at),
    }


def _moment(at: datetime | None) -> Mapping[str, str] | None:
    """For people and for programs; in UTC, for where somebody is, a page does not know."""
    if at is None:
        return None
    there = at.astimezone(UTC)
    return {"text": f"{there:%-d %B %Y, %H:%M} UTC", "exact": f"{there:%Y-%m-%dT%H:%M:%SZ}"}
