"""Whose browser this is, by the session that they are signed in by."""

from uuid import UUID

from aiohttp import web

from authly_server.authorization.response import Recipient
from authly_server.model.client import Client
from authly_server.model.session import Session
from authly_server.model.user import User
from authly_server.storage import consents, grants, sessions
from authly_server.tokens import digest
from authly_server.web import cookies, services


async def find(request: web.Request) -> tuple[Session, User] | tuple[None, None]:
    """The session and its person; nothing where nobody is signed in."""
    value = cookies.session(request)
    if value is None:
        return None, None
    found = await sessions.find(services.of(request).database, digest.sha256(value))
    return (None, None) if found is None else found


async def find_with_consent(
    request: web.Request, client: Client, recipient: Recipient
) -> tuple[Session | None, User | None, frozenset[str]]:
    """As `find`, in the same round trip with the scopes that need not be asked for again."""
    value = cookies.session(request)
    if value is None:
        return None, None, frozenset()
    database = services.of(request).database
    found = await sessions.find_with_consent(database, digest.sha256(value), client.id)
    if found is None:
        return None, None, frozenset()
    session, user, scopes = found
    return session, user, await _spared(request, recipient, scopes)


async def consented(
    request: web.Request, client: Client, recipient: Recipient, session: Session
) -> frozenset[str]:
    """The scopes that the person of a session need not be asked for again."""
    database = services.of(request).database
    agreed = await consents.find(database, user_id=session.user_id, client_id=client.id)
    return await _spared(request, recipient, agreed)


async def _spared(
    request: web.Request, recipient: Recipient, agreed: frozenset[str]
) -> frozenset[str]:
    """Of what was agreed to, what need not be asked for again."""
    if _is_unproved(recipient):
        return frozenset()
    known = await services.of(request).registry.scopes()
    return agreed - {scope.name for scope in known if scope.is_sensitive}


async def has_granted(request: web.Request, grant_id: UUID) -> bool:
    """Whether the person who is signed in here made that grant, and it is live."""
    session, _ = await find(request)
    grant = await grants.find(services.of(request).database, grant_id)
    return session is not None and grant is not None and grant.user_id == session.user_id


def _is_unproved(recipient: Recipient) -> bool:
    """RFC 8252 section 8.6: what any program on a device could claim to be, is asked each time."""
    return not recipient.is_trusted and not recipient.redirect_uri.startswith("https://")
