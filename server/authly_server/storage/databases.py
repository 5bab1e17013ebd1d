"""Whole databases of one PostgreSQL: made, marked, exchanged by name, dropped.

Names of a restore follow from the database's own and the restore's id, so that one that was killed
finds what it left.
"""

import contextlib
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

import psycopg
from psycopg import conninfo, sql

from authly_server.storage import migrate
from authly_server.storage.errors import MigrationError
from authly_server.storage.migrate import Connection


MAXIMUM_NAME: Final = 63
"""Bytes; PostgreSQL cuts longer names off."""
_SWAP_PATIENCE: Final = 30.0
_MARK: Final = "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = %s"
_EXISTS: Final = "SELECT 1 FROM pg_database WHERE datname = %s"
_SEND_AWAY: Final = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    " WHERE datname = %s AND pid <> pg_backend_pid()"
)
# What another role does is not shown to the owner; who it is and the process are.
_STAYS: Final = (
    "SELECT string_agg(format('process %%s of %%s', pid,"
    " coalesce('role ' || usename, 'PostgreSQL itself')), ', ' ORDER BY pid)"
    " FROM pg_stat_activity WHERE datname = %s AND pid <> pg_backend_pid()"
)


@dataclass(frozen=True, slots=True)
class Site:
    """The database to restore, and the names that it and its replacement have meanwhile."""

    url: str = field(repr=False)
    name: str
    scratch: str
    before: str

    def url_of(self, name: str) -> str:
        """The owner's URL of another database of the same PostgreSQL."""
        return conninfo.make_conninfo(self.url, dbname=name)


def site(url: str, restore_id: str) -> Site:
    """The names of one restore.

    Raises:
        MigrationError: the URL cannot be read, or the names would be too long.
    """
    try:
        name = str(conninfo.conninfo_to_dict(url).get("dbname") or "")
    except psycopg.ProgrammingError:
        name = ""
    if not name:
        message = "the database URL names no database"
        raise MigrationError(message)
    found = Site(url, name, f"{name}_restore_{restore_id}", f"{name}_before_{restore_id}")
    if max(len(found.scratch.encode()), len(found.before.encode())) > MAXIMUM_NAME:
        message = f"RESTORE_ID is too long: {found.scratch} has more than {MAXIMUM_NAME} bytes"
        raise MigrationError(message)
    return found


@contextlib.contextmanager
def beside(place: Site) -> Iterator[Connection]:
    """A connection to that PostgreSQL which is to none of the databases that are exchanged.

    Raises:
        MigrationError: it cannot be reached, or a statement failed.
    """
    other = "template1" if place.name == "postgres" else "postgres"
    with migrate.connected(place.url_of(other)) as connection:
        yield connection


def major_version(connection: Connection) -> int:
    """Of the PostgreSQL: 15 of 15.18."""
    return connection.info.server_version // 10_000


def exists(connection: Connection, name: str) -> bool:
    """Whether there is a database of that name."""
    return connection.execute(_EXISTS, (name,)).fetchone() is not None


def mark_of(connection: Connection, name: str) -> str | None:
    """The comment of a database; None where there is no comment, or no database."""
    row = connection.execute(_MARK, (name,)).fetchone()
    return None if row is None else row[0]


def mark(connection: Connection, name: str, text: str) -> None:
    """Set a database's comment."""
    statement = sql.SQL("COMMENT ON DATABASE {} IS {}")
    connection.execute(statement.format(sql.Identifier(name), sql.Literal(text)))


def create_anew(connection: Connection, name: str) -> None:
    """An empty database of that name, whatever there was before."""
    drop(connection, name)
    statement = sql.SQL("CREATE DATABASE {} TEMPLATE template0 ENCODING 'UTF8'")
    connection.execute(statement.format(sql.Identifier(name)))


def drop(connection: Connection, name: str) -> None:
    """Drop a database, whoever is connected to it."""
    statement = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)")
    connection.execute(statement.format(sql.Identifier(name)))


def exchange(connection: Connection, place: Site) -> None:
    """Give the restored database the name of the other, which keeps `before`; re-entrant.

    Between the two renamings there is no database of that name; a failure of the second undoes the
    first, and whoever was killed there does the second when run again.

    Raises:
        MigrationError: somebody stays connected, or the owner may not rename.
    """
    if exists(connection, place.name):
        _rename(connection, place.name, place.before)
    try:
        _rename(connection, place.scratch, place.name)
    except (psycopg.Error, MigrationError):
        if exists(connection, place.before):
            _rename(connection, place.before, place.name)
        raise


def _rename(connection: Connection, name: str, to: str) -> None:
    statement = sql.SQL("ALTER DATABASE {} RENAME TO {}")
    renaming = statement.format(sql.Identifier(name), sql.Identifier(to))
    deadline = time.monotonic() + _SWAP_PATIENCE
    while True:
        with contextlib.suppress(psycopg.errors.InsufficientPrivilege):
            connection.execute(_SEND_AWAY, (name,))
        try:
            connection.execute(renaming)
        except psycopg.errors.ObjectInUse:
            if time.monotonic() > deadline:
                raise MigrationError(_occupied(connection, name)) from None
        else:
            return


def _occupied(connection: Connection, name: str) -> str:
    row = connection.execute(_STAYS, (name,)).fetchone()
    who = (row and row[0]) or "somebody who has just left"
    return f"database {name} stays in use, by {who}: end that session, and restore again"
