"""Brings a database to this program's schema revision: re-runnable, one runner at a time.

The lock is polled for, not waited for: a waiting statement holds a snapshot, and CREATE INDEX
CONCURRENTLY in the process that has the lock would wait for that snapshot for ever.
"""

import contextlib
import time
from collections.abc import Iterable, Iterator
from typing import Any

import psycopg
from psycopg import sql

from authly_server.storage import revisions
from authly_server.storage.errors import MigrationError
from authly_server.storage.revisions import Revision


Connection = psycopg.Connection[tuple[Any, ...]]

_LOCK = "SELECT pg_try_advisory_lock(1096111176, 1)"
_UNLOCK = "SELECT pg_advisory_unlock(1096111176, 1)"
_HISTORY = """
CREATE SCHEMA IF NOT EXISTS authly;
CREATE TABLE IF NOT EXISTS authly.schema_migrations (
    revision integer CONSTRAINT schema_migrations_pkey PRIMARY KEY,
    name text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now()
);
"""
_HAS_HISTORY = "SELECT to_regclass('authly.schema_migrations') IS NOT NULL"
_APPLIED = "SELECT revision FROM authly.schema_migrations"
_RECORD = "INSERT INTO authly.schema_migrations (revision, name) VALUES (%s, %s)"
_INVALID_INDEXES = """
SELECT index.relname FROM pg_index
JOIN pg_class AS index ON index.oid = pg_index.indexrelid
WHERE NOT pg_index.indisvalid AND index.relnamespace = 'authly'::regnamespace
"""


@contextlib.contextmanager
def connected(url: str) -> Iterator[Connection]:
    """Connect in autocommit mode.

    Raises:
        MigrationError: no connection, or a statement failed; one line without the URL.
    """
    with _one_line(), psycopg.connect(url, autocommit=True, connect_timeout=10) as connection:
        yield connection


@contextlib.contextmanager
def locked(url: str, *, patience: float = 300.0) -> Iterator[Connection]:
    """Connect, in autocommit mode, and hold the lock of migrations; `patience` in seconds.

    Raises:
        MigrationError: no connection, or another runner held the lock for longer than that.
    """
    with connected(url) as connection:
        connection.execute("SET lock_timeout = '10s'")
        connection.execute("SET statement_timeout = 0")
        # Whoever is killed leaves no statement behind that goes on and keeps the lock.
        connection.execute("SET client_connection_check_interval = '2s'")
        connection.execute("SET client_min_messages = 'warning'")
        _take_lock(connection, time.monotonic() + patience)
        try:
            yield connection
        finally:
            if not connection.closed:
                connection.execute(_UNLOCK)


def upgrade(
    connection: Connection, wanted: tuple[Revision, ...] | None = None
) -> tuple[Revision, ...]:
    """Apply what is missing, in order, and answer that; a second run applies nothing.

    Raises:
        MigrationError: the schema is newer than this program, or a statement failed.
    """
    missing = find_missing(connection, wanted)
    connection.execute(_HISTORY)
    for revision in missing:
        with _one_line(f"migration {revision.number:04d} {revision.name}"):
            _apply(connection, revision)
    return missing


def find_missing(
    connection: Connection, wanted: tuple[Revision, ...] | None = None
) -> tuple[Revision, ...]:
    """What `upgrade` would apply, in order; reads only.

    Raises:
        MigrationError: the schema is newer than this program.
    """
    wanted = revisions.every() if wanted is None else wanted
    applied = _applied(connection)
    newest = max(applied, default=0)
    if newest > wanted[-1].number:
        message = (
            f"the database's schema is at revision {newest}, newer than this program's"
            f" {wanted[-1].number}: run a newer authly-server"
        )
        raise MigrationError(message)
    return tuple(revision for revision in wanted if revision.number not in applied)


def find_revision(connection: Connection) -> int:
    """The newest revision that was applied; 0 where there is none."""
    return max(_applied(connection), default=0)


def create_extensions(connection: Connection, names: Iterable[str]) -> None:
    """Create the extensions that are not there; one that is not wanted any more stays.

    Raises:
        MigrationError: PostgreSQL knows none of that name, or this user may not create it.
    """
    for name in names:
        with _one_line(f"extension {name}"):
            connection.execute(
                sql.SQL("CREATE EXTENSION IF NOT EXISTS {}").format(sql.Identifier(name))
            )


def _applied(connection: Connection) -> set[int]:
    if connection.execute(_HAS_HISTORY).fetchone() != (True,):
        return set()
    return {row[0] for row in connection.execute(_APPLIED)}


def _apply(connection: Connection, revision: Revision) -> None:
    if revision.is_transactional:
        with connection.transaction():
            _run(connection, revision)
    else:
        _drop_invalid_indexes(connection)
        _run(connection, revision)


def _run(connection: Connection, revision: Revision) -> None:
    for statement in revision.statements:
        connection.execute(statement.encode())
    connection.execute(_RECORD, (revision.number, revision.name))


def _drop_invalid_indexes(connection: Connection) -> None:
    """Clear away what a killed CREATE INDEX CONCURRENTLY left; IF NOT EXISTS would keep it."""
    for (name,) in connection.execute(_INVALID_INDEXES).fetchall():
        connection.execute(
            sql.SQL("DROP INDEX CONCURRENTLY authly.{}").format(sql.Identifier(name))
        )


def _take_lock(connection: Connection, deadline: float) -> None:
    while connection.execute(_LOCK).fetchone() != (True,):
        if time.monotonic() > deadline:
            message = "another migration has been running for too long"
            raise MigrationError(message)
        time.sleep(0.2)


@contextlib.contextmanager
def _one_line(what: str = "the database") -> Iterator[None]:
    """Tell a failure of PostgreSQL in one line, without the rows and URLs that hold secrets."""
    try:
        yield
    except psycopg.ProgrammingError as error:
        reason = error.diag.message_primary or "the URL cannot be read"  # libpq would repeat it
        message = f"{what}: {reason}"
        raise MigrationError(message) from error
    except psycopg.Error as error:
        reason = error.diag.message_primary or " ".join(str(error).split())
        message = f"{what}: {reason}"
        raise MigrationError(message) from error
