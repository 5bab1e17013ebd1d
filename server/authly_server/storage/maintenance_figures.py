"""The figures of the last maintenance run, left in the database, for a Job has no metrics."""

import json
from collections.abc import Mapping

from authly_server.model.maintenance import MaintenanceFigures
from authly_server.storage.migrate import Connection
from authly_server.storage.pool import Database


_KEEP = """
INSERT INTO authly.maintenance_figures (finished_at, seconds, removed) VALUES (now(), %s, %s::jsonb)
ON CONFLICT (singleton) DO UPDATE SET finished_at = excluded.finished_at,
    seconds = excluded.seconds, removed = excluded.removed
"""
_FIND = "SELECT finished_at, seconds, removed FROM authly.maintenance_figures"


def keep(connection: Connection, *, seconds: float, removed: Mapping[str, int]) -> None:
    """Leave the figures of a run that is through, in the place of the one before."""
    connection.execute(_KEEP, (seconds, json.dumps(removed)))


async def find(database: Database) -> MaintenanceFigures | None:
    """Those of the last run; None before the first.

    Raises:
        errors.Unavailable: the database does not answer.
    """
    row = await database.fetch_one(_FIND, {})
    return None if row is None else MaintenanceFigures(**row)
