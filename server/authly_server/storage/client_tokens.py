"""When clients got a token last: noted many at a time, and never waited for."""

from collections.abc import Mapping
from typing import LiteralString
from uuid import UUID

from authly_server.storage.pool import Database


# As of secrets, nobody is waited for: a client that is being deleted, or another process. All
# processes lock in the same order.
_NOTE: LiteralString = """
WITH noted AS (
    SELECT * FROM unnest(%(clients)s::uuid[], %(ages)s::float8[]) AS use (client_id, age)
), free AS (
    SELECT client.id, noted.age FROM authly.clients AS client
    JOIN noted ON noted.client_id = client.id
    ORDER BY client.id FOR KEY SHARE OF client SKIP LOCKED
), written AS (
    INSERT INTO authly.client_tokens AS told (client_id, last_issued_at)
    SELECT id, now() - make_interval(secs => age) FROM free ORDER BY id
    ON CONFLICT (client_id) DO UPDATE
        SET last_issued_at = greatest(told.last_issued_at, excluded.last_issued_at)
)
SELECT client.id FROM authly.clients AS client JOIN noted ON noted.client_id = client.id
WHERE NOT EXISTS (SELECT FROM free WHERE free.id = client.id)
"""


async def note_issued(database: Database, ages: Mapping[UUID, float]) -> frozenset[UUID]:
    """Note how many seconds ago each client got a token; those that have to be noted again.

    By the database's clock. Clients that are gone are passed over.

    Raises:
        errors.Unavailable: nothing was noted.
    """
    parameters = {"clients": list(ages), "ages": list(ages.values())}
    rows = await database.fetch_all(_NOTE, parameters)
    return frozenset(row["id"] for row in rows)
