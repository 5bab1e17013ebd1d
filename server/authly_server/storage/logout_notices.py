"""The outbox of logout tokens; `sessions.end` puts notices in, `logout.courier` takes them out."""

from uuid import UUID

from authly_server.model.logout_notice import LogoutNotice
from authly_server.storage.pool import Database


# Who takes a notice has until its next attempt to deliver it; nobody else sees it until then, and
# if that process dies, another one tries then. From 15 seconds on twice as long each time.
_TAKE = """
UPDATE authly.logout_notices AS notice SET attempts = notice.attempts + 1,
    next_attempt_at = now()
        + make_interval(secs => least(15 * 2 ^ notice.attempts, 3600) * (0.9 + 0.2 * random()))
FROM authly.clients AS client
WHERE notice.id IN (
    SELECT id FROM authly.logout_notices WHERE next_attempt_at <= now()
    ORDER BY next_attempt_at LIMIT %(limit)s FOR UPDATE SKIP LOCKED)
AND client.id = notice.client_id
RETURNING notice.id, client.client_id, coalesce(client.backchannel_logout_uri, '') AS uri,
    client.id_token_signed_response_alg AS alg, notice.session_id, notice.user_id, notice.attempts
"""
_REMOVE = "DELETE FROM authly.logout_notices WHERE id = %(id)s"


async def take(database: Database, limit: int) -> tuple[LogoutNotice, ...]:
    """Up to `limit` notices that are due, for the caller to deliver within 10 seconds."""
    taken = await database.fetch_all(_TAKE, {"limit": limit})
    return tuple(LogoutNotice(**row) for row in taken)


async def remove(database: Database, notice_id: UUID) -> None:
    """The notice was delivered, or is given up."""
    await database.execute(_REMOVE, {"id": notice_id})
