"""When secrets and keys of clients were used last: noted many at a time, and never waited for."""

from collections.abc import Mapping
from typing import LiteralString, TypeVar
from uuid import UUID

from authly_server.storage.pool import Database


Name = TypeVar("Name", str, bytes)

# Whoever waits for a row here would keep others waiting on the same line; what is locked by a
# write of the operator is answered, and noted the next time.
_NOTE: LiteralString = """
WITH noted AS (
    SELECT * FROM unnest(%(clients)s::uuid[], %(names)s::{type}[], %(ages)s::float8[])
        AS use (client_id, {name}, age)
), free AS (
    SELECT known.client_id, known.position FROM authly.{table} AS known
    JOIN noted USING (client_id, {name}) FOR UPDATE OF known SKIP LOCKED
), written AS (
    UPDATE authly.{table} AS known
    SET last_used_at = greatest(known.last_used_at, now() - make_interval(secs => noted.age))
    FROM noted, free
    WHERE known.client_id = noted.client_id AND known.{name} = noted.{name}
        AND free.client_id = known.client_id AND free.position = known.position
)
SELECT known.client_id, known.{name} AS name FROM authly.{table} AS known
JOIN noted USING (client_id, {name})
WHERE NOT EXISTS (SELECT FROM free
    WHERE free.client_id = known.client_id AND free.position = known.position)
"""


def statement(table: LiteralString, name: LiteralString, kind: LiteralString) -> LiteralString:
    """What notes uses in a table whose rows go by the column `name`, of the SQL type `kind`."""
    return _NOTE.format(table=table, name=name, type=kind)


async def note(
    database: Database, text: LiteralString, ages: Mapping[tuple[UUID, Name], float]
) -> frozenset[tuple[UUID, Name]]:
    """Note how many seconds ago each was used last; those that have to be noted once more.

    By the database's clock. What is gone is passed over.

    Raises:
        errors.Unavailable: nothing was noted.
    """
    parameters = {
        "clients": [client_id for client_id, _ in ages],
        "names": [name for _, name in ages],
        "ages": list(ages.values()),
    }
    rows = await database.fetch_all(text, parameters)
    return frozenset((row["client_id"], row["name"]) for row in rows)
