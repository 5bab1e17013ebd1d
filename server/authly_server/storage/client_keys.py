"""When the keys of clients were used last: noted as uses of secrets are."""

from collections.abc import Mapping
from typing import LiteralString
from uuid import UUID

from authly_server.storage.pool import Database


KeyName = tuple[UUID, str]
"""The key of the client's row, and the kid of its public key."""

_NOTE: LiteralString = """
WITH noted AS (
    SELECT * FROM unnest(%(clients)s::uuid[], %(kids)s::text[], %(ages)s::float8[])
        AS use (client_id, kid, age)
), free AS (
    SELECT known.client_id, known.kid FROM authly.client_keys AS known
    JOIN noted USING (client_id, kid) FOR UPDATE OF known SKIP LOCKED
), written AS (
    UPDATE authly.client_keys AS known
    SET last_used_at = greatest(known.last_used_at, now() - make_interval(secs => noted.age))
    FROM noted JOIN free USING (client_id, kid)
    WHERE known.client_id = noted.client_id AND known.kid = noted.kid
)
SELECT known.client_id, known.kid FROM authly.client_keys AS known
JOIN noted USING (client_id, kid)
WHERE NOT EXISTS (SELECT FROM free
    WHERE free.client_id = known.client_id AND free.kid = known.kid)
"""


async def note_uses(database: Database, ages: Mapping[KeyName, float]) -> frozenset[KeyName]:
    """Note how many seconds ago each key was used last; those that have to be noted again.

    By the database's clock. Keys that are gone are passed over.

    Raises:
        errors.Unavailable: nothing was noted.
    """
    parameters = {
        "clients": [client_id for client_id, _ in ages],
        "kids": [kid for _, kid in ages],
        "ages": list(ages.values()),
    }
    rows = await database.fetch_all(_NOTE, parameters)
    return frozenset((row["client_id"], row["kid"]) for row in rows)
