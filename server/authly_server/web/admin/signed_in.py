"""What people have open: the browsers they are signed in with, and what clients have of them."""

from datetime import datetime
from uuid import UUID

from authly_server.model.account import LiveGrant, OpenSession
from authly_server.protocol import errors
from authly_server.storage import accounts, signed_in
from authly_server.web.admin import content, keyset
from authly_server.web.admin.operation import Call, Shape
from authly_server.web.response import Response


class Session(Shape):
    """A browser in which a person is signed in."""

    id: UUID
    """What clients know as `sid`."""
    user_id: UUID
    authenticated_at: datetime
    expires_at: datetime
    acr: str
    """How the person has proved who they are."""


class Grant(Shape):
    """What a client may have of a person until it is revoked."""

    id: UUID
    client_id: str
    scopes: list[str]
    resources: list[str]
    """Resource servers that it is for (RFC 8707)."""
    session_id: UUID | None
    """The session in which it was granted, which may be over."""
    created_at: datetime
    refreshable_until: datetime | None
    """Until when the client's refresh token is good; null where it has none."""


async def find_sessions(call: Call[Shape]) -> Response:
    """GET /users/{id}/sessions: those that are not over."""
    user_id = await _person(call)
    found = await signed_in.find_sessions(
        call.services.database, user_id, keyset.after(call.page), call.page.limit + 1
    )
    return content.answer_list(call.page, found, _session, keyset.key)


async def find_grants(call: Call[Shape]) -> Response:
    """GET /users/{id}/grants: those that were not revoked."""
    user_id = await _person(call)
    found = await signed_in.find_grants(
        call.services.database, user_id, keyset.after(call.page), call.page.limit + 1
    )
    return content.answer_list(call.page, found, _grant, keyset.key)


async def end_sessions(call: Call[Shape]) -> Response:
    """DELETE /users/{id}/sessions: as if the person had signed out of each browser."""
    user_id = keyset.identifier(call.name)
    ended = await signed_in.end_sessions(call.services.database, user_id, by=call.actor)
    return _ended(call, ended)


async def end_session(call: Call[Shape]) -> Response:
    """DELETE /sessions/{id}: as if the person had signed out of that browser."""
    session_id = keyset.identifier(call.name)
    ended = await signed_in.end_session(call.services.database, session_id, by=call.actor)
    return _ended(call, ended)


async def revoke_grants(call: Call[Shape]) -> Response:
    """DELETE /users/{id}/grants: no client has anything of the person any more."""
    user_id = keyset.identifier(call.name)
    if not await signed_in.revoke_grants(call.services.database, user_id, by=call.actor):
        raise errors.not_found()
    return Response(status=204)


async def _person(call: Call[Shape]) -> UUID:
    user_id = keyset.identifier(call.name)
    if await accounts.find(call.services.database, user_id) is None:
        raise errors.not_found()
    return user_id


def _ended(call: Call[Shape], notices: int | None) -> Response:
    """Clients that take part in the session are told at once."""
    if notices is None:
        raise errors.not_found()
    if notices:
        call.services.logout_bell.set()
    return Response(status=204)


def _session(row: OpenSession) -> Session:
    return Session(**{name: getattr(row, name) for name in OpenSession.__slots__})


def _grant(row: LiveGrant) -> Grant:
    told = {name: getattr(row, name) for name in LiveGrant.__slots__}
    return Grant(**told | {"scopes": list(row.scopes), "resources": list(row.resources)})
