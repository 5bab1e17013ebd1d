"""Access tokens: they leave a row only when they are revoked before they expire."""

from datetime import datetime
from uuid import UUID

from psycopg import errors as pg

from authly_server.storage.pool import Database


_INVALIDATE = """
INSERT INTO authly.tokens (token_type, jti, client_id, grant_id, expires_at, invalidated_at)
SELECT 'access', %(jti)s, %(client_id)s, live.id, %(expires_at)s, now()
FROM (VALUES (1)) AS one LEFT JOIN authly.grants AS live ON live.id = %(grant_id)s::uuid
ON CONFLICT (jti) DO NOTHING
"""
# Two statements, for with one whose parameter may be NULL PostgreSQL plans anew each time.
_IS_LIVE = """
SELECT EXISTS (SELECT FROM authly.clients WHERE client_id = %(client_id)s AND enabled)
    AND NOT EXISTS (SELECT FROM authly.tokens WHERE jti = %(jti)s)
    AND NOT EXISTS (SELECT FROM authly.token_fences
        WHERE %(issued_at)s::bigint BETWEEN refused_from AND refused_until) AS is_live
"""
_IS_LIVE_WITH_GRANT = """
SELECT EXISTS (SELECT FROM authly.clients WHERE client_id = %(client_id)s AND enabled)
    AND NOT EXISTS (SELECT FROM authly.tokens WHERE jti = %(jti)s)
    AND NOT EXISTS (SELECT FROM authly.token_fences
        WHERE %(issued_at)s::bigint BETWEEN refused_from AND refused_until)
    AND EXISTS (
        SELECT FROM authly.grants JOIN authly.users AS person ON person.id = grants.user_id
        JOIN authly.clients AS holder ON holder.id = grants.client_id
        WHERE grants.id = %(grant_id)s AND holder.client_id = %(granted_to)s
        AND grants.revoked_at IS NULL AND person.enabled AND holder.enabled) AS is_live
"""


async def invalidate(
    database: Database, *, jti: str, client_id: UUID, grant_id: UUID | None, expires_at: datetime
) -> None:
    """Revoke one access token (RFC 7009); once is enough, and a deleted client has none left."""
    parameters = {
        "jti": jti,
        "client_id": client_id,
        "grant_id": grant_id,
        "expires_at": expires_at,
    }
    try:
        await database.execute(_INVALIDATE, parameters)
    except pg.ForeignKeyViolation:
        return


async def is_live(
    database: Database,
    *,
    jti: str,
    grant_id: UUID | None,
    client_id: str,
    granted_to: str | None = None,
    issued_at: int = 0,
) -> bool:
    """Whether a valid access token may still be honoured.

    It may if nobody revoked it or its grant, its client is enabled, and so is its user; tokens of
    the client_credentials grant have no grant. `issued_at` is in seconds since 1970, and not in a
    time that a restore took back. `client_id` is the protocol's identifier, and so is
    `granted_to`: the client of the grant, where that is another one.
    """
    parameters: dict[str, object] = {"jti": jti, "client_id": client_id, "issued_at": issued_at}
    if grant_id is None:
        row = await database.fetch_one(_IS_LIVE, parameters)
    else:
        parameters |= {"grant_id": grant_id, "granted_to": granted_to or client_id}
        row = await database.fetch_one(_IS_LIVE_WITH_GRANT, parameters)
    return row is not None and bool(row["is_live"])
