"""The audit log, read from its end."""

from authly_server.model.audit_entry import AuditEntry, AuditFilter
from authly_server.storage.connections import Row
from authly_server.storage.pool import Database


_FIND_BEFORE = """
SELECT id, occurred_at, event, client_id, user_id, grant_id, detail FROM authly.audit_log
WHERE id < %(before)s
AND (%(event)s::text IS NULL OR event = %(event)s)
AND (%(client_id)s::text IS NULL OR client_id = %(client_id)s)
AND (%(user_id)s::uuid IS NULL OR user_id = %(user_id)s)
ORDER BY id DESC LIMIT %(limit)s
"""
# Of bigint, which the key is.
LAST = 2**63 - 1


async def find_before(
    database: Database, before: int, limit: int, wanted: AuditFilter
) -> tuple[AuditEntry, ...]:
    """Up to `limit` entries, the youngest first, from the one before `before` on."""
    parameters: dict[str, object] = {
        "before": before,
        "limit": limit,
        "event": wanted.event,
        "client_id": wanted.client_id,
        "user_id": wanted.user_id,
    }
    return tuple(map(_read, await database.fetch_all(_FIND_BEFORE, parameters)))


def _read(row: Row) -> AuditEntry:
    return AuditEntry(**{name: row[name] for name in AuditEntry.__slots__})
