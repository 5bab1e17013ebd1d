"""What a restore must not bring back: carried over from the database that is replaced.

A backup remembers tokens, clients and secrets as they were, and not that they were revoked,
deleted or rotated since. Everything here may be repeated.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final, LiteralString

import psycopg

from authly_server.storage import migrate
from authly_server.storage.errors import MigrationError
from authly_server.storage.migrate import Connection


class Revoke(StrEnum):
    """Which access tokens are refused after a restore, besides those revoked one by one."""

    ALL = "All"
    ISSUED_AFTER_BACKUP = "IssuedAfterBackup"
    NONE = "None"


@dataclass(frozen=True, slots=True)
class Carried:
    """Something that is read of the replaced database, and what becomes of it in the restored one.

    `columns` are those of the temporary table that `into` finds as `present`. Where the replaced
    database has not got the table `newer` yet, there is nothing to carry over.
    """

    read: LiteralString
    columns: LiteralString
    into: tuple[LiteralString, ...]
    newer: LiteralString | None = None


CARRIED: Final = (
    # Access tokens that were revoked.
    Carried(
        "SELECT jti, client_id, grant_id, invalidated_at, expires_at FROM authly.tokens"
        " WHERE token_type = 'access' AND expires_at > now()",
        "jti text, client_id uuid, grant_id uuid, invalidated_at timestamptz,"
        " expires_at timestamptz",
        (
            "INSERT INTO authly.tokens (token_type, jti, client_id, grant_id, invalidated_at,"
            " expires_at) SELECT 'access', jti, client.id, made.id, invalidated_at, expires_at"
            " FROM present JOIN authly.clients AS client ON client.id = present.client_id"
            " LEFT JOIN authly.grants AS made ON made.id = present.grant_id"
            " ON CONFLICT (jti) DO NOTHING",
        ),
    ),
    # Opaque access tokens that were revoked; those that were issued since the backup are not known.
    Carried(
        "SELECT digest FROM authly.opaque_tokens WHERE expires_at > now()",
        "digest bytea PRIMARY KEY",
        (
            "DELETE FROM authly.opaque_tokens AS token"
            " WHERE NOT EXISTS (SELECT FROM present WHERE present.digest = token.digest)",
        ),
        newer="authly.opaque_tokens",
    ),
    # Grants that were revoked, or that went with a client or a user.
    Carried(
        "SELECT id, revoked_at FROM authly.grants",
        "id uuid PRIMARY KEY, revoked_at timestamptz",
        (
            "UPDATE authly.grants AS made SET revoked_at = now() WHERE made.revoked_at IS NULL"
            " AND NOT EXISTS (SELECT FROM present WHERE present.id = made.id"
            " AND present.revoked_at IS NULL)",
        ),
    ),
    # Refresh tokens that were used up: families are as far as they had come.
    Carried(
        "SELECT grant_id, generation, digest, previous_digest, dpop_jkt, rotated_at, expires_at"
        " FROM authly.tokens WHERE token_type = 'refresh'",
        "grant_id uuid PRIMARY KEY, generation integer, digest bytea, previous_digest bytea,"
        " dpop_jkt text, rotated_at timestamptz, expires_at timestamptz",
        (
            "UPDATE authly.tokens AS family SET generation = present.generation,"
            " digest = present.digest, previous_digest = present.previous_digest,"
            " dpop_jkt = present.dpop_jkt, rotated_at = present.rotated_at,"
            " expires_at = present.expires_at FROM present"
            " WHERE family.token_type = 'refresh' AND family.grant_id = present.grant_id"
            # Of millions most have not moved since: those are not written anew.
            " AND (family.generation, family.digest, family.previous_digest, family.dpop_jkt,"
            " family.rotated_at, family.expires_at) IS DISTINCT FROM"
            " (present.generation, present.digest, present.previous_digest, present.dpop_jkt,"
            " present.rotated_at, present.expires_at)",
        ),
    ),
    # Sessions that were ended.
    Carried(
        "SELECT id FROM authly.sessions",
        "id uuid PRIMARY KEY",
        (
            "DELETE FROM authly.sessions AS session"
            " WHERE NOT EXISTS (SELECT FROM present WHERE present.id = session.id)",
        ),
    ),
    # Clients that were deleted or disabled.
    Carried(
        "SELECT client_id, enabled FROM authly.clients",
        "client_id text PRIMARY KEY, enabled boolean",
        (
            "UPDATE authly.clients AS client SET enabled = false, updated_at = now()"
            " WHERE client.enabled AND NOT EXISTS (SELECT FROM present"
            " WHERE present.client_id = client.client_id AND present.enabled)",
        ),
    ),
    # Secrets that were rotated.
    Carried(
        "SELECT client.client_id, secret.digest, secret.position, secret.created_at"
        " FROM authly.client_secrets AS secret"
        " JOIN authly.clients AS client ON client.id = secret.client_id",
        "client_id text, digest bytea, position smallint, created_at timestamptz",
        (
            "DELETE FROM authly.client_secrets AS secret USING authly.clients AS client, present"
            " WHERE secret.client_id = client.id AND client.client_id = present.client_id",
            "INSERT INTO authly.client_secrets (client_id, digest, position, created_at)"
            " SELECT client.id, present.digest, present.position, present.created_at"
            " FROM present JOIN authly.clients AS client ON client.client_id = present.client_id",
        ),
    ),
    # Assertions and proofs that were used.
    Carried(
        "SELECT digest, expires_at FROM authly.used_jtis WHERE expires_at > now()",
        "digest bytea, expires_at timestamptz",
        (
            "INSERT INTO authly.used_jtis (digest, expires_at) SELECT digest, expires_at"
            " FROM present ON CONFLICT (digest) DO NOTHING",
        ),
    ),
    # Times that an earlier restore took back.
    Carried(
        "SELECT refused_from, refused_until FROM authly.token_fences",
        "refused_from bigint, refused_until bigint",
        (
            "INSERT INTO authly.token_fences SELECT refused_from, refused_until FROM present"
            " ON CONFLICT (refused_until) DO NOTHING",
        ),
    ),
    # Whose database it is: a backup of another server's may have been restored.
    Carried(
        "SELECT owner, uid FROM authly.instance_claim",
        "owner text, uid text",
        (
            "DELETE FROM authly.instance_claim",
            "INSERT INTO authly.instance_claim (owner, uid) SELECT owner, uid FROM present",
        ),
        newer="authly.instance_claim",
    ),
    # The epoch of the operator that leads.
    Carried(
        "SELECT epoch FROM authly.operator_epoch",
        "epoch bigint",
        (
            "UPDATE authly.operator_epoch AS stored SET epoch = present.epoch"
            " FROM present WHERE present.epoch > stored.epoch",
        ),
    ),
)
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
