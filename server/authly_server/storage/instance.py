"""What readiness asks of the database: which schema revision it has."""

from authly_server.storage import errors, revisions
from authly_server.storage.pool import Database


_OBSERVE = "SELECT coalesce(max(revision), 0) AS revision FROM authly.schema_migrations"


async def observe(database: Database) -> int:
    """The schema's revision.

    Raises:
        errors.Unavailable: the database is gone, or has no schema at all.
    """
    row = await database.fetch_one(_OBSERVE, {})
    return 0 if row is None else int(row["revision"])


async def check(database: Database) -> int:
    """The schema's revision, which this program can work with: its own or a newer one.

    Raises:
        errors.Outdated: its schema is older than this program's.
        errors.Unavailable: the database is gone.
    """
    revision = await observe(database)
    if revision < revisions.latest():
        message = f"the schema is at revision {revision}, {revisions.latest()} is needed"
        raise errors.Outdated(message)
    return revision
