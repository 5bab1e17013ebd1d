"""When the secrets of clients were used last: noted many at a time, and never waited for."""

from collections.abc import Mapping
from typing import LiteralString
from uuid import UUID

from authly_server.storage.pool import Database


SecretKey = tuple[UUID, bytes]
"""The key of the client's row, and the digest of the secret."""

# Whoever waits for a row here would keep others waiting on the same line; what is locked by a
# write of the operator is answered, and noted the next time.
_NOTE: LiteralString = """
WITH noted AS (
    SELECT * FROM unnest(%(clients)s::uuid[], %(digests)s::bytea[], %(ages)s::float8[])
        AS use (client_id, digest, age)
), free AS (
    SELECT secret.client_id, secret.position FROM authly.client_secrets AS secret
    JOIN noted USING (client_id, digest) FOR UPDATE OF secret SKIP LOCKED
), written AS (
    UPDATE authly.client_secrets AS secret
    SET last_used_at = greatest(secret.last_used_at, now() - make_interval(secs => noted.age))
    FROM noted, free
    WHERE secret.client_id = noted.client_id AND secret.digest = noted.digest
        AND free.client_id = secret.client_id AND free.position = secret.position
)
SELECT secret.client_id, secret.digest FROM authly.client_secrets AS secret
JOIN noted USING (client_id, digest)
WHERE NOT EXISTS (SELECT FROM free
    WHERE free.client_id = secret.client_id AND free.position = secret.position)
"""


async def note_uses(database: Database, ages: Mapping[SecretKey, float]) -> frozenset[SecretKey]:
    """Note how many seconds ago each secret was used last; those that have to be noted again.

    By the database's clock. Secrets that are gone are passed over.

    Raises:
        errors.Unavailable: nothing was noted.
    """
    parameters = {
        "clients": [client_id for client_id, _ in ages],
        "digests": [digest for _, digest in ages],
        "ages": list(ages.values()),
    }
    rows = await database.fetch_all(_NOTE, parameters)
    return frozenset((row["client_id"], bytes(row["digest"])) for row in rows)
