"""The audit log: append-only, one row an event; nothing in it can be presented as a credential."""

from uuid import UUID

from psycopg.types.json import Jsonb

from authly_server.storage.connections import Connection


_RECORD = """
INSERT INTO authly.audit_log (event, user_id, grant_id, client_id, detail)
SELECT %(event)s, grants.user_id, grants.id, client.client_id, %(detail)s
FROM authly.grants JOIN authly.clients AS client ON client.id = grants.client_id
WHERE grants.id = %(grant_id)s
"""


async def record(connection: Connection, event: str, grant_id: UUID, **detail: object) -> None:
    """Record what happened to a grant, in the transaction in which it happened."""
    await connection.execute(
        _RECORD, {"event": event, "grant_id": grant_id, "detail": Jsonb(detail)}
    )
