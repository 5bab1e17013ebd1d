"""Grants, the parents of codes and tokens: revoking one is one row, and ends all of them."""

from uuid import UUID

from authly_server.model.grant import Grant
from authly_server.storage import audit, rows
from authly_server.storage.connections import Connection
from authly_server.storage.pool import Database


_FIND = """
SELECT grants.id AS grant_id, grants.client_id, grants.user_id, grants.scopes, grants.resources,
    grants.session_id, grants.authenticated_at, grants.acr, grants.id_token_claims
FROM authly.grants
JOIN authly.users AS person ON person.id = grants.user_id
JOIN authly.clients AS client ON client.id = grants.client_id
WHERE grants.id = %(grant_id)s AND grants.revoked_at IS NULL AND person.enabled AND client.enabled
"""
_REVOKE = """
UPDATE authly.grants SET revoked_at = now() WHERE id = %(grant_id)s AND revoked_at IS NULL
"""
_REVOKE_FOR_CLIENT = """
UPDATE authly.grants SET revoked_at = now()
WHERE id = %(grant_id)s AND client_id = %(client_id)s AND revoked_at IS NULL
"""


async def find(database: Database, grant_id: UUID) -> Grant | None:
    """The grant if it is live: not revoked, its user and its client enabled."""
    row = await database.fetch_one(_FIND, {"grant_id": grant_id})
    return None if row is None else rows.grant(row)


async def revoke(database: Database, *, grant_id: UUID, client_id: UUID) -> bool:
    """Revoke a grant of that client (RFC 7009); whether there was one that was not revoked."""
    parameters = {"grant_id": grant_id, "client_id": client_id}
    return await database.execute(_REVOKE_FOR_CLIENT, parameters) > 0


async def revoke_after_replay(connection: Connection, grant_id: UUID, event: str) -> None:
    """Revoke a grant whose credential came back, and record it once, in one transaction."""
    if (await connection.execute(_REVOKE, {"grant_id": grant_id})).rowcount:
        await audit.record(connection, event, grant_id)
