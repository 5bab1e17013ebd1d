"""What a restore must not bring back: tokens that were revoked, codes, clients that were deleted.

Most of it is carried over from the database that is replaced (carried.py); everything here may be
repeated.
"""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Final, LiteralString

import psycopg

from authly_server.storage import migrate
from authly_server.storage.carried import CARRIED, Carried
from authly_server.storage.errors import MigrationError
from authly_server.storage.migrate import Connection


class Revoke(StrEnum):
    """Which access tokens are refused after a restore, besides those revoked one by one."""

    ALL = "All"
    ISSUED_AFTER_BACKUP = "IssuedAfterBackup"
    NONE = "None"


# Codes, pushed requests and devices that wait: whoever was in the middle begins again.
_VOID: Final[tuple[LiteralString, ...]] = (
    "DELETE FROM authly.authorization_codes",
    "DELETE FROM authly.pushed_requests",
    "DELETE FROM authly.device_authorizations",
)
_FENCE: Final = (
    "INSERT INTO authly.token_fences VALUES (%s, floor(extract(epoch FROM now()))::bigint)"
    " ON CONFLICT (refused_until) DO UPDATE"
    " SET refused_from = least(token_fences.refused_from, excluded.refused_from)"
)
_REVOKE_GRANTS: Final = "UPDATE authly.grants SET revoked_at = now() WHERE revoked_at IS NULL"
_FORGET_TOKENS: Final = "DELETE FROM authly.opaque_tokens"
_END_SESSIONS: Final = "DELETE FROM authly.sessions"
_LAST: Final = (
    "SELECT detail->>'revoke' FROM authly.audit_log WHERE event = 'restored'"
    " ORDER BY id DESC LIMIT 1"
)
_IS_OLDER: Final = "SELECT min(applied_at) <= %s FROM authly.schema_migrations"
_ROOM: Final = "SET LOCAL work_mem = '64MB'"
"""For tables of millions that are compared whole: the least database has 512 MB."""
_AUDIT: Final = (
    "INSERT INTO authly.audit_log (event, detail)"
    " VALUES ('restored', jsonb_build_object('backup_begun_at', %s::text, 'revoke', %s::text))"
)


def apply(restored: str, replaced: str | None, *, begun_at: datetime, revoke: Revoke) -> None:
    """Fence the database of the URL `restored` in, in one transaction.

    `replaced` is the URL of the database whose place it takes; None where that is lost, which asks
    for Revoke.ALL, since nobody knows any more what was revoked.

    Raises:
        MigrationError: one of them cannot be read, or `replaced` is None with another Revoke.
    """
    if replaced is None and revoke is not Revoke.ALL:
        message = "the database to replace is lost, and with it what was revoked: revoke All"
        raise MigrationError(message)
    with migrate.connected(restored) as connection, connection.transaction():
        connection.execute(_ROOM)
        if replaced is not None:
            with migrate.connected(replaced) as source:
                _carry_over(source, connection)
        for statement in _VOID:
            connection.execute(statement)
        _revoke(connection, begun_at, revoke)


def _carry_over(source: Connection, target: Connection) -> None:
    """Everything as of one moment."""
    with source.transaction():
        source.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        for carried in CARRIED:
            if carried.newer is not None and not _has(source, carried.newer):
                continue
            _copy(source, target, carried)
            for statement in carried.into:
                target.execute(statement)
            target.execute("DROP TABLE present")


def _has(source: Connection, table: LiteralString) -> bool:
    return source.execute("SELECT to_regclass(%s) IS NOT NULL", (table,)).fetchone() == (True,)


def _copy(source: Connection, target: Connection, carried: Carried) -> None:
    target.execute("CREATE TEMPORARY TABLE present (" + carried.columns + ")")
    names = _names(carried.columns)
    with (
        source.cursor().copy("COPY (" + carried.read + ") TO STDOUT") as reading,
        target.cursor().copy("COPY present (" + names + ") FROM STDIN") as writing,
    ):
        for block in reading:
            writing.write(block)
    target.execute("ANALYZE present")


def _names(columns: LiteralString) -> LiteralString:
    return ", ".join(column.split()[0] for column in columns.split(","))


def _revoke(connection: Connection, begun_at: datetime, revoke: Revoke) -> None:
    if revoke is not Revoke.NONE:
        since = 0 if revoke is Revoke.ALL else int(begun_at.timestamp())
        connection.execute(_FENCE, (since,))
    if revoke is Revoke.ALL:
        _execute_each(connection, (_REVOKE_GRANTS, _FORGET_TOKENS, _END_SESSIONS))
    connection.execute(_AUDIT, (begun_at.isoformat(), revoke.value))


def _execute_each(connection: Connection, statements: Sequence[LiteralString]) -> None:
    for statement in statements:
        connection.execute(statement)


def can_be_read(url: str) -> bool:
    """Whether a database has a schema that can be carried over."""
    try:
        with psycopg.connect(url, connect_timeout=10) as connection:
            row = connection.execute("SELECT to_regclass('authly.token_fences')").fetchone()
    except psycopg.OperationalError:
        return False
    return row is not None and row[0] is not None


def is_older(url: str, moment: datetime) -> bool:
    """Whether a database that can be read was there at that moment already.

    One that was made later, since that of before was lost, knows nothing of what was revoked.

    Raises:
        MigrationError: it cannot be read.
    """
    with migrate.connected(url) as connection:
        return connection.execute(_IS_OLDER, (moment,)).fetchone() == (True,)


def last_revoked(url: str) -> Revoke:
    """Which tokens the last restore of a restored database took back.

    Raises:
        MigrationError: it cannot be read, or was never restored.
    """
    with migrate.connected(url) as connection:
        row = connection.execute(_LAST).fetchone()
    if row is None:
        message = "the database was never restored"
        raise MigrationError(message)
    return Revoke(row[0])
