"""What people have open, as administrators see and end it: sessions, and grants to clients."""

import json
from typing import LiteralString
from uuid import UUID

from authly_server.model.account import LiveGrant, OpenSession
from authly_server.model.actor import Actor
from authly_server.storage import sign_out
from authly_server.storage.connections import Row
from authly_server.storage.pool import Database


_SESSIONS = """
SELECT id, user_id, authenticated_at, expires_at, acr FROM authly.sessions
WHERE user_id = %(user_id)s AND expires_at > now() AND id > %(after)s
ORDER BY id LIMIT %(limit)s
"""
_GRANTS = """
SELECT grants.id, client.client_id, grants.scopes, grants.resources, grants.session_id,
    grants.created_at, family.expires_at AS refreshable_until
FROM authly.grants JOIN authly.clients AS client ON client.id = grants.client_id
LEFT JOIN authly.tokens AS family ON family.grant_id = grants.id
    AND family.token_type = 'refresh' AND family.expires_at > now()
WHERE grants.user_id = %(user_id)s AND grants.revoked_at IS NULL AND grants.id > %(after)s
ORDER BY grants.id LIMIT %(limit)s
"""
_END_ALL: LiteralString = f"""
WITH person AS (
    SELECT id FROM authly.users WHERE id = %(user_id)s
), ended AS (
    DELETE FROM authly.sessions USING person WHERE sessions.user_id = person.id
    RETURNING sessions.id, sessions.user_id
), {sign_out.OF_SESSIONS}
SELECT (SELECT count(*) FROM told) AS notices FROM person
"""  # noqa: S608  # of constants
_END_ONE: LiteralString = f"""
WITH ended AS (
    DELETE FROM authly.sessions WHERE id = %(id)s AND expires_at > now() RETURNING id, user_id
), {sign_out.OF_SESSIONS}
SELECT (SELECT count(*) FROM told) AS notices FROM ended
"""  # noqa: S608  # of constants
_REVOKE_ALL = """
WITH person AS (
    SELECT id FROM authly.users WHERE id = %(user_id)s
), revoked AS (
    UPDATE authly.grants SET revoked_at = now() FROM person
    WHERE grants.user_id = person.id AND grants.revoked_at IS NULL
    RETURNING grants.id, grants.user_id, grants.client_id
), recorded AS (
    INSERT INTO authly.audit_log (event, user_id, grant_id, client_id, detail)
    SELECT 'grant_revoked', revoked.user_id, revoked.id, client.client_id, %(detail)s::jsonb
    FROM revoked JOIN authly.clients AS client ON client.id = revoked.client_id
)
SELECT id FROM person
"""


async def find_sessions(
    database: Database, user_id: UUID, after: UUID | None, limit: int
) -> tuple[OpenSession, ...]:
    """Up to `limit` sessions that are not over, in the order of their keys, behind `after`."""
    parameters = {"user_id": user_id, "after": after or UUID(int=0), "limit": limit}
    found = await database.fetch_all(_SESSIONS, parameters)
    return tuple(OpenSession(**row) for row in found)


async def find_grants(
    database: Database, user_id: UUID, after: UUID | None, limit: int
) -> tuple[LiveGrant, ...]:
    """Up to `limit` grants that were not revoked, in the order of their keys, behind `after`."""
    parameters = {"user_id": user_id, "after": after or UUID(int=0), "limit": limit}
    return tuple(map(_grant, await database.fetch_all(_GRANTS, parameters)))


async def end_sessions(database: Database, user_id: UUID, *, by: Actor) -> int | None:
    """Sign a person out of every browser, in the sense of `sessions.end`; None if absent."""
    parameters = {"user_id": user_id, "detail": _detail(by)}
    return _notices(await database.fetch_one(_END_ALL, parameters))


async def end_session(database: Database, session_id: UUID, *, by: Actor) -> int | None:
    """End one session, in the sense of `sessions.end`; None if there is no such session."""
    return _notices(await database.fetch_one(_END_ONE, {"id": session_id, "detail": _detail(by)}))


async def revoke_grants(database: Database, user_id: UUID, *, by: Actor) -> bool:
    """Revoke all that clients have of a person; whether there is such a person."""
    parameters = {"user_id": user_id, "detail": _detail(by)}
    return await database.fetch_one(_REVOKE_ALL, parameters) is not None


def _notices(row: Row | None) -> int | None:
    return None if row is None else int(row["notices"])


def _grant(row: Row) -> LiveGrant:
    lists = {name: tuple(sorted(row[name])) for name in ("scopes", "resources")}
    return LiveGrant(**{**row, **lists})


def _detail(by: Actor) -> str:
    return json.dumps(by.told())
