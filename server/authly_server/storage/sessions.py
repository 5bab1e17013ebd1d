"""Signed-in browsers; a row knows only the digest of the cookie's value."""

from typing import LiteralString
from uuid import UUID

from authly_server.model.own_account import SignIn
from authly_server.model.session import PASSWORD, Session
from authly_server.model.user import User
from authly_server.storage import errors, rows, second_factors, sign_out
from authly_server.storage.pool import Database


# The lock waits for whoever is changing the account, and has them wait: see `sign_out.LOCK`.
_START = """
INSERT INTO authly.sessions (digest, user_id, acr, expires_at)
SELECT %(digest)s, person.id, %(acr)s, now() + make_interval(secs => %(ttl)s)
FROM authly.users AS person WHERE person.id = %(user_id)s AND person.enabled
AND person.password_hash = coalesce(%(password_hash)s::text, person.password_hash) FOR SHARE
RETURNING id AS session_id, user_id, authenticated_at, expires_at, acr
"""
_RENEW = """
UPDATE authly.sessions SET digest = %(digest)s, authenticated_at = now(), acr = %(acr)s,
    expires_at = now() + make_interval(secs => %(ttl)s)
WHERE digest = %(former)s AND user_id = %(user_id)s AND expires_at > now()
RETURNING id AS session_id, user_id, authenticated_at, expires_at, acr
"""
_FIND: LiteralString = f"""
SELECT session.id AS session_id, session.user_id, session.authenticated_at, session.expires_at,
    session.acr, person.email, person.username, person.password_hash, person.is_verified,
    person.is_admin, person.enabled, person.updated_at, person.is_bootstrapped
FROM authly.sessions AS session JOIN authly.users AS person ON person.id = session.user_id
WHERE session.digest = %(digest)s AND session.expires_at > now() AND person.enabled
AND {second_factors.SHOWN}
"""  # noqa: S608  # of constants
# The same, with what the user has consented to for a client: one round trip for each authorization.
_FIND_WITH_CONSENT: LiteralString = f"""
SELECT session.id AS session_id, session.user_id, session.authenticated_at, session.expires_at,
    session.acr, person.email, person.username, person.password_hash, person.is_verified,
    person.is_admin, person.enabled, person.updated_at, person.is_bootstrapped,
    consent.scopes AS consented
FROM authly.sessions AS session JOIN authly.users AS person ON person.id = session.user_id
LEFT JOIN authly.consents AS consent
    ON consent.user_id = person.id AND consent.client_id = %(client_id)s
WHERE session.digest = %(digest)s AND session.expires_at > now() AND person.enabled
AND {second_factors.SHOWN}
"""  # noqa: S608  # of constants
# The last statement counts the notices; the others run whether or not anybody asks for their rows.
_END: LiteralString = f"""
WITH ended AS (
    DELETE FROM authly.sessions WHERE digest = %(digest)s RETURNING id, user_id
), {sign_out.OF_SESSIONS}
SELECT count(*) AS notices FROM told
"""  # noqa: S608  # of constants
_FIND_OF: LiteralString = f"""
SELECT session.id AS session_id, session.authenticated_at, session.expires_at,
    (SELECT max(grants.created_at) FROM authly.grants WHERE grants.session_id = session.id)
        AS used_at
FROM authly.sessions AS session
WHERE session.user_id = %(user_id)s AND session.expires_at > now() AND {second_factors.SHOWN}
ORDER BY session.id = %(first)s DESC, session.authenticated_at DESC, session.id LIMIT %(most)s
"""  # noqa: S608  # of constants
_END_ONE_OF: LiteralString = f"""
WITH ended AS (
    DELETE FROM authly.sessions WHERE id = %(id)s AND user_id = %(user_id)s RETURNING id, user_id
), {sign_out.OF_SESSIONS}
SELECT count(*) AS notices FROM told
"""  # noqa: S608  # of constants
_END_OTHERS_OF: LiteralString = f"""
WITH ended AS (
    DELETE FROM authly.sessions WHERE id <> %(id)s AND user_id = %(user_id)s RETURNING id, user_id
), {sign_out.OF_SESSIONS}
SELECT count(*) AS notices FROM told
"""  # noqa: S608  # of constants


async def start(
    database: Database,
    *,
    digest: bytes,
    user_id: UUID,
    ttl: int,
    acr: str = PASSWORD,
    former: bytes | None = None,
    password_hash: str | None = None,
) -> Session:
    """Start a session of `ttl` seconds by the database's clock.

    `former` is the digest of the session that the browser has: if it is the same person's, it goes
    on under the new digest, for clients know it by its id (`sid`). `password_hash` is that of the
    password by which it is started, if it has to be the person's still.

    Raises:
        errors.Vanished: the user was deleted or disabled meanwhile, or has another password.
    """
    parameters: dict[str, object] = {"digest": digest, "user_id": user_id, "ttl": ttl, "acr": acr}
    row = None
    if former is not None:
        row = await database.fetch_one(_RENEW, parameters | {"former": former})
    if row is None:
        row = await database.fetch_one(_START, parameters | {"password_hash": password_hash})
    if row is None:
        raise errors.Vanished(str(user_id))
    return rows.session(row)


async def find(database: Database, digest: bytes) -> tuple[Session, User] | None:
    """The live session of that digest and its enabled user."""
    row = await database.fetch_one(_FIND, {"digest": digest})
    return None if row is None else (rows.session(row), rows.user(row))


async def find_with_consent(
    database: Database, digest: bytes, client_id: UUID
) -> tuple[Session, User, frozenset[str]] | None:
    """As `find`, with the scopes that the user has consented to for that client so far."""
    row = await database.fetch_one(_FIND_WITH_CONSENT, {"digest": digest, "client_id": client_id})
    if row is None:
        return None
    return rows.session(row), rows.user(row), frozenset(row["consented"] or ())


async def end(database: Database, digest: bytes) -> int:
    """Sign out; ending a session that is not there is no error.

    What was granted in it by OpenID Connect is revoked (Back-Channel Logout section 2.7), but for
    grants with offline_access, which are for when nobody is there. A grant without openid never
    was about the session. Answers for how many clients a notice waits now.
    """
    row = await database.fetch_one(_END, {"digest": digest, "detail": "{}"})
    return 0 if row is None else int(row["notices"])


async def find_of(
    database: Database, user_id: UUID, *, first: UUID, most: int
) -> tuple[SignIn, ...]:
    """Up to `most` live sessions of a person: the one of that id, then the youngest first."""
    parameters = {"user_id": user_id, "first": first, "most": most}
    return tuple(SignIn(**row) for row in await database.fetch_all(_FIND_OF, parameters))


async def end_one_of(database: Database, *, user_id: UUID, session_id: UUID) -> int:
    """As `end`, for a session by its id; one of somebody else is not there."""
    return await _end_by_id(database, _END_ONE_OF, user_id, session_id)


async def end_others_of(database: Database, *, user_id: UUID, session_id: UUID) -> int:
    """As `end`, for all sessions of a person but that one."""
    return await _end_by_id(database, _END_OTHERS_OF, user_id, session_id)


async def _end_by_id(
    database: Database, statement: LiteralString, user_id: UUID, session_id: UUID
) -> int:
    parameters = {"id": session_id, "user_id": user_id, "detail": "{}"}
    row = await database.fetch_one(statement, parameters)
    return 0 if row is None else int(row["notices"])
