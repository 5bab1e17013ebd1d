"""One moment of the database, held still for a backup: pg_dump sees what was counted."""

import contextlib
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from psycopg import sql

from authly_server.storage import databases, migrate
from authly_server.storage.errors import MigrationError
from authly_server.storage.migrate import Connection


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What a dump of this moment will hold; `counts` are rows by table."""

    id: str
    schema_revision: int
    postgres_version: str
    counts: dict[str, int]


_BEGIN = "SET lock_timeout = '10min'; BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
_TABLES = """
SELECT relname FROM pg_class
WHERE relnamespace = to_regnamespace('authly') AND relkind = 'r' ORDER BY relname
"""
_ID = "SELECT pg_export_snapshot(), current_setting('server_version')"


@contextlib.contextmanager
def held(url: str) -> Iterator[Snapshot]:
    """Hold the present moment of the database of `url` while the block runs.

    A migration that is at one of its tables is waited for, and none can change them meanwhile.

    Raises:
        MigrationError: it cannot be reached, has no schema of ours, or a migration took too long.
    """
    with migrate.connected(url) as connection:
        tables = _tables(connection)
        connection.execute(_BEGIN)
        _lock(connection, tables)
        yield _describe(connection)


def count(url: str) -> dict[str, int]:
    """How many rows each table of the schema has now.

    Raises:
        MigrationError: the database cannot be reached.
    """
    with migrate.connected(url) as connection:
        return _count(connection)


def major_version(url: str) -> int:
    """Of the PostgreSQL that the database of `url` is of: 15 of 15.18.

    Raises:
        MigrationError: it cannot be reached, or has no schema of ours.
    """
    with migrate.connected(url) as connection:
        _check_ours(_tables(connection))
        return databases.major_version(connection)


def _check_ours(tables: Collection[str]) -> None:
    if "schema_migrations" not in tables:
        message = "the database has no schema of ours: run authly-server migrate first"
        raise MigrationError(message)


def _describe(connection: Connection) -> Snapshot:
    counts = _count(connection)
    _check_ours(counts)
    row = connection.execute(_ID).fetchone() or ("", "")
    return Snapshot(row[0], migrate.find_revision(connection), row[1], counts)


def _count(connection: Connection) -> dict[str, int]:
    return {name: _rows(connection, name) for name in _tables(connection)}


def _tables(connection: Connection) -> list[str]:
    return [name for (name,) in connection.execute(_TABLES)]


def _lock(connection: Connection, tables: Sequence[str]) -> None:
    """Before the snapshot is taken: to an earlier one a table that was rewritten looks empty.

    PostgreSQL 15, section 13.6; LOCK takes no snapshot.
    """
    if tables:
        names = sql.SQL(", ").join(sql.Identifier("authly", name) for name in tables)
        connection.execute(sql.SQL("LOCK TABLE {} IN ACCESS SHARE MODE").format(names))


def _rows(connection: Connection, table: str) -> int:
    statement = sql.SQL("SELECT count(*) FROM authly.{}").format(sql.Identifier(table))
    row = connection.execute(statement).fetchone()
    return int(row[0]) if row else 0
