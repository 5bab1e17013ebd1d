"""Signed-in browsers; a row knows only the digest of the cookie's value."""

from uuid import UUID

from psycopg import errors as pg

from authly_server.model.session import Session
from authly_server.model.user import User
from authly_server.storage import errors, rows
from authly_server.storage.pool import Database


_START = """
INSERT INTO authly.sessions (digest, user_id, expires_at)
VALUES (%(digest)s, %(user_id)s, now() + make_interval(secs => %(ttl)s))
RETURNING id AS session_id, user_id, authenticated_at, expires_at
"""
_FIND = """
SELECT session.id AS session_id, session.user_id, session.authenticated_at, session.expires_at,
    person.email, person.username, person.password_hash, person.is_verified, person.is_admin,
    person.enabled
FROM authly.sessions AS session JOIN authly.users AS person ON person.id = session.user_id
WHERE session.digest = %(digest)s AND session.expires_at > now() AND person.enabled
"""
_END = "DELETE FROM authly.sessions WHERE digest = %(digest)s"


async def start(database: Database, *, digest: bytes, user_id: UUID, ttl: int) -> Session:
    """Start a session of `ttl` seconds by the database's clock.

    Raises:
        errors.Vanished: the user was deleted meanwhile.
    """
    parameters = {"digest": digest, "user_id": user_id, "ttl": ttl}
    try:
        row = await database.fetch_one(_START, parameters)
    except pg.ForeignKeyViolation as error:
        raise errors.Vanished(str(user_id)) from error
    assert row is not None  # noqa: S101  # INSERT … RETURNING answers a row or raises
    return rows.session(row)


async def find(database: Database, digest: bytes) -> tuple[Session, User] | None:
    """The live session of that digest and its enabled user."""
    row = await database.fetch_one(_FIND, {"digest": digest})
    return None if row is None else (rows.session(row), rows.user(row))


async def end(database: Database, digest: bytes) -> None:
    """Sign out; ending a session that is not there is no error."""
    await database.execute(_END, {"digest": digest})
