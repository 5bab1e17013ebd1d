"""Removes what has expired, in small batches, and keeps PostgreSQL's statistics fresh.

Run by a CronJob as the owner, under the lock of migrations: never beside one, nor beside itself.
"""

import time
from datetime import UTC, datetime
from typing import Final, LiteralString
from uuid import UUID

from authly_server.storage import maintenance_figures
from authly_server.storage.migrate import Connection, locked


BATCH: Final = 1_000

# A used code stays until it has expired for an hour: until then its replay is recognised. So does
# a pushed request, which people may be answering for half an hour after it was taken up.
# A grant goes when no code and no family can refer to it any more, and when every access token
# issued from it has expired (30 days is the longest lifetime that a client may have).
_REMOVE: dict[str, LiteralString] = {
    "authorization_codes": """
        DELETE FROM authly.authorization_codes WHERE digest IN (
            SELECT digest FROM authly.authorization_codes
            WHERE expires_at < now() - interval '1 hour' LIMIT %(batch)s)""",
    "pushed_requests": """
        DELETE FROM authly.pushed_requests WHERE digest IN (
            SELECT digest FROM authly.pushed_requests
            WHERE expires_at < now() - interval '1 hour' LIMIT %(batch)s)""",
    "device_authorizations": """
        DELETE FROM authly.device_authorizations WHERE digest IN (
            SELECT digest FROM authly.device_authorizations
            WHERE expires_at < now() - interval '1 hour' LIMIT %(batch)s)""",
    "attempts": """
        DELETE FROM authly.attempts WHERE digest IN (
            SELECT digest FROM authly.attempts
            WHERE expires_at < now() - interval '1 hour' LIMIT %(batch)s)""",
    "used_jtis": """
        DELETE FROM authly.used_jtis WHERE digest IN (
            SELECT digest FROM authly.used_jtis
            WHERE expires_at < now() - interval '1 hour' LIMIT %(batch)s)""",
    "opaque_tokens": """
        DELETE FROM authly.opaque_tokens WHERE digest IN (
            SELECT digest FROM authly.opaque_tokens
            WHERE expires_at < now() - interval '1 day' LIMIT %(batch)s)""",
    "tokens": """
        DELETE FROM authly.tokens WHERE id IN (
            SELECT id FROM authly.tokens
            WHERE removable_on <= (now() AT TIME ZONE 'UTC')::date LIMIT %(batch)s)""",
    "sessions": """
        DELETE FROM authly.sessions WHERE id IN (
            SELECT id FROM authly.sessions
            WHERE expires_at < now() - interval '1 day' LIMIT %(batch)s)""",
    # Walked through from the oldest on, for those that still live may be many and are passed once.
    "grants": """
        WITH old AS MATERIALIZED (
            SELECT id, created_at FROM authly.grants
            WHERE created_at < now() - interval '31 days'
            AND (created_at, id) > (%(created_at)s, %(id)s)
            ORDER BY created_at, id LIMIT %(batch)s
        ), gone AS (
            DELETE FROM authly.grants USING old WHERE grants.id = old.id
            AND NOT EXISTS (
                SELECT FROM authly.authorization_codes AS code WHERE code.grant_id = old.id)
            AND NOT EXISTS (SELECT FROM authly.tokens WHERE tokens.grant_id = old.id)
            RETURNING grants.id)
        SELECT created_at, id, (SELECT count(*) FROM gone) FROM old
        ORDER BY created_at DESC, id DESC LIMIT 1""",
    # Clients that registered themselves and never were used, and those that nobody uses any more;
    # one that was disabled stays, or it would come back enabled.
    "clients": """
        WITH gone AS (
            DELETE FROM authly.clients WHERE id IN (
                SELECT client.id FROM authly.clients AS client
                WHERE client.origin <> 'operator' AND client.enabled
                AND (client.last_used_on < current_date - 30
                    OR (client.last_used_on IS NULL
                        AND client.created_at < now() - interval '1 hour'))
                AND NOT EXISTS (
                    SELECT FROM authly.grants AS made WHERE made.client_id = client.id
                    AND made.revoked_at IS NULL AND (
                        made.created_at > now() - interval '1 hour' OR EXISTS (
                            SELECT FROM authly.tokens WHERE tokens.grant_id = made.id
                            AND tokens.expires_at > now())))
                LIMIT %(batch)s)
            RETURNING client_id)
        SELECT pg_notify('authly_changed', 'client:' || client_id) FROM gone""",
    "audit_log": """
        DELETE FROM authly.audit_log WHERE id IN (
            SELECT id FROM authly.audit_log
            WHERE occurred_at < now() - interval '400 days' LIMIT %(batch)s)""",
}
_REFRESH: tuple[LiteralString, ...] = (
    "VACUUM (ANALYZE) authly.authorization_codes",
    "VACUUM (ANALYZE) authly.pushed_requests",
    "VACUUM (ANALYZE) authly.device_authorizations",
    "VACUUM (ANALYZE) authly.attempts",
    "VACUUM (ANALYZE) authly.used_jtis",
    "VACUUM (ANALYZE) authly.opaque_tokens",
    "VACUUM (ANALYZE) authly.tokens",
    "VACUUM (ANALYZE) authly.sessions",
    "VACUUM (ANALYZE) authly.grants",
    "VACUUM (ANALYZE) authly.audit_log",
    "ANALYZE authly.users, authly.clients, authly.client_scopes, authly.consents",
)


def run(url: str, *, batch: int = BATCH) -> dict[str, int]:
    """Remove what has expired, `batch` rows at a time; answers the rows removed for each table.

    The same is left in the database, where servers read it for their metrics.

    Raises:
        MigrationError: the database cannot be reached, or a migration is running.
    """
    with locked(url, patience=60.0) as connection:
        begun = time.monotonic()
        removed = {table: _remove(connection, table, batch) for table in _REMOVE}
        for statement in _REFRESH:
            connection.execute(statement)
        seconds = time.monotonic() - begun
        maintenance_figures.keep(connection, seconds=seconds, removed=removed)
    return removed


def _remove(connection: Connection, table: str, batch: int) -> int:
    """Each batch commits by itself, so that no lock is held for long.

    And each is planned by itself: one plan for a batch of any size would read whole tables.
    """
    if table == "grants":
        return _walk(connection, _REMOVE[table], batch)
    total = 0
    while removed := connection.execute(_REMOVE[table], {"batch": batch}, prepare=False).rowcount:
        total += removed
    return total


def _walk(connection: Connection, statement: LiteralString, batch: int) -> int:
    total, created_at, last = 0, datetime.min.replace(tzinfo=UTC), UUID(int=0)
    while True:
        parameters = {"batch": batch, "created_at": created_at, "id": last}
        row = connection.execute(statement, parameters, prepare=False).fetchone()
        if row is None:
            return total
        created_at, last, removed = row
        total += removed
