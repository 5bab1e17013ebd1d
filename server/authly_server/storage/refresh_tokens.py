"""Families of refresh tokens: one row a grant, moved on by one statement a rotation."""

from uuid import UUID

from psycopg import errors as pg

from authly_server.model.opaque_token import DueToken
from authly_server.model.refresh_token import (
    NewRefreshFamily,
    RefreshOutcome,
    RefreshRefusal,
    RefreshRefused,
    RefreshReplayed,
    RefreshRotation,
    Rotated,
)
from authly_server.storage import errors, grants, opaque_tokens, rows
from authly_server.storage.connections import Connection, Row
from authly_server.storage.pool import Database


# A lost response is asked for again a few times; a loop that asks for ever is not served for ever.
MOST_RETRIES = 100

_START = """
INSERT INTO authly.tokens
    (token_type, client_id, grant_id, generation, digest, dpop_jkt, expires_at)
SELECT 'refresh', grants.client_id, grants.id, 0, %(digest)s, %(dpop_jkt)s,
    now() + make_interval(secs => %(ttl)s)
FROM authly.grants WHERE grants.id = %(grant_id)s
"""

_IS_LIVE = """
SELECT EXISTS (
    SELECT FROM authly.tokens AS family
    JOIN authly.grants ON grants.id = family.grant_id
    JOIN authly.clients AS client ON client.id = grants.client_id
    JOIN authly.users AS person ON person.id = grants.user_id
    WHERE family.token_type = 'refresh' AND family.grant_id = %(grant_id)s
    AND family.digest = %(digest)s AND family.expires_at > now()
    AND grants.client_id = %(client_id)s
    AND grants.revoked_at IS NULL AND client.enabled AND person.enabled
) AS is_live
"""

_ADVANCE = """
UPDATE authly.tokens AS family
SET generation = family.generation + 1, digest = %(successor_digest)s,
    previous_digest = family.digest, rotated_at = now(), retries = 0,
    dpop_jkt = coalesce(family.dpop_jkt, CASE WHEN %(binds)s THEN %(dpop_jkt)s::text END),
    expires_at = now() + make_interval(secs => %(ttl)s)
"""
_STAY = """
UPDATE authly.tokens AS family SET expires_at = now() + make_interval(secs => %(ttl)s)
"""
_PRESENTED = """
FROM authly.grants
JOIN authly.clients AS client ON client.id = grants.client_id
JOIN authly.users AS person ON person.id = grants.user_id
WHERE family.token_type = 'refresh' AND family.grant_id = %(grant_id)s
AND grants.id = family.grant_id AND grants.client_id = %(client_id)s
AND family.generation = %(generation)s AND family.digest = %(presented_digest)s
AND family.expires_at > now()
AND (family.dpop_jkt IS NULL OR family.dpop_jkt = %(dpop_jkt)s::text)
AND grants.revoked_at IS NULL AND client.enabled AND person.enabled
RETURNING grants.id AS grant_id, grants.client_id, grants.user_id, grants.scopes, grants.resources,
    grants.session_id, grants.authenticated_at, grants.acr, grants.id_token_claims
"""
_ROTATE = _ADVANCE + _PRESENTED
_KEEP = _STAY + _PRESENTED
_BEGIN, _END = "WITH consumed AS (", ")"
_ROTATE_AND_ISSUE = _BEGIN + _ROTATE + _END + opaque_tokens.ISSUED
_KEEP_AND_ISSUE = _BEGIN + _KEEP + _END + opaque_tokens.ISSUED

_EXAMINE = """
SELECT grants.id AS grant_id, grants.client_id, grants.user_id, grants.scopes, grants.resources,
    grants.session_id, grants.authenticated_at, grants.acr, grants.id_token_claims,
    grants.client_id = %(client_id)s AS is_own,
    grants.revoked_at IS NULL AND client.enabled AND person.enabled AS is_live,
    family.expires_at <= now() AS is_expired,
    family.dpop_jkt IS NULL OR family.dpop_jkt = %(dpop_jkt)s::text AS has_key,
    family.generation - %(generation)s AS generations_ago,
    family.generation = %(generation)s + 1
        AND family.previous_digest = %(presented_digest)s
        AND family.digest = %(successor_digest)s
        AND family.rotated_at > now() - make_interval(secs => %(grace)s)
        AND family.retries < %(most_retries)s AS may_retry
FROM authly.tokens AS family
JOIN authly.grants ON grants.id = family.grant_id
JOIN authly.clients AS client ON client.id = grants.client_id
JOIN authly.users AS person ON person.id = grants.user_id
WHERE family.token_type = 'refresh' AND family.grant_id = %(grant_id)s
FOR UPDATE OF family
"""

_COUNT_RETRY = """
UPDATE authly.tokens SET retries = retries + 1
WHERE token_type = 'refresh' AND grant_id = %(grant_id)s
"""


async def is_live(database: Database, *, grant_id: UUID, client_id: UUID, digest: bytes) -> bool:
    """Whether it is the live token of a family of that client; its grant and user live too."""
    parameters = {"grant_id": grant_id, "client_id": client_id, "digest": digest}
    row = await database.fetch_one(_IS_LIVE, parameters)
    return row is not None and bool(row["is_live"])


async def start(database: Database, grant_id: UUID, family: NewRefreshFamily) -> None:
    """Start the family of a grant whose code is consumed already.

    Raises:
        errors.Vanished: the grant has a family, or is gone.
    """
    parameters = {
        "grant_id": grant_id,
        "digest": family.digest,
        "dpop_jkt": family.dpop_jkt,
        "ttl": family.ttl,
    }
    try:
        started = await database.execute(_START, parameters)
    except pg.UniqueViolation as error:
        raise errors.Vanished(str(grant_id)) from error
    if not started:
        raise errors.Vanished(str(grant_id))


async def rotate(
    database: Database, rotation: RefreshRotation, due: DueToken | None = None
) -> RefreshOutcome:
    """Put the successor in the place of the presented token (OAuth 2.1, 4.3.1), and write `due`.

    Inside `grace`, and as long as nobody has used the successor, the token just consumed is
    answered with that same successor: a client that lost the response lost nothing, and nothing
    is written for it. A token consumed earlier revokes its whole family (RFC 9700, 4.14.2).
    Where the rotation `keeps`, the live token stays as it is, and lives on for `ttl` from now.
    """
    parameters: dict[str, object] = {
        "grant_id": rotation.grant_id,
        "client_id": rotation.client_id,
        "generation": rotation.generation,
        "presented_digest": rotation.presented_digest,
        "successor_digest": rotation.successor_digest,
        "ttl": rotation.ttl,
        "dpop_jkt": rotation.dpop_jkt,
        "binds": rotation.binds,
    }
    statement = _KEEP if rotation.keeps else _ROTATE
    if due is not None:
        statement = _KEEP_AND_ISSUE if rotation.keeps else _ROTATE_AND_ISSUE
        parameters |= opaque_tokens.parameters(due)
    rotated = await database.fetch_one(statement, parameters, locks=rotation.grant_id.bytes)
    if rotated is not None:
        return Rotated(rows.grant(rotated), retried=False, kept=rotation.keeps)
    async with database.connection() as connection:
        return await _explain(connection, rotation)


async def _explain(connection: Connection, rotation: RefreshRotation) -> RefreshOutcome:
    parameters = {
        "grant_id": rotation.grant_id,
        "client_id": rotation.client_id,
        "generation": rotation.generation,
        "presented_digest": rotation.presented_digest,
        "successor_digest": rotation.successor_digest,
        "grace": rotation.grace,
        "dpop_jkt": rotation.dpop_jkt,
        "most_retries": MOST_RETRIES,
    }
    row = await (await connection.execute(_EXAMINE, parameters)).fetchone()
    reason = _refusal(row)
    if row is None or reason is not None:
        return RefreshRefused(reason or RefreshRefusal.UNKNOWN)
    if row["may_retry"]:
        await connection.execute(_COUNT_RETRY, {"grant_id": rotation.grant_id})
        return Rotated(rows.grant(row), retried=True)
    await grants.revoke_after_replay(connection, rotation.grant_id, "refresh_token_replayed")
    return RefreshReplayed(rotation.grant_id)


def _refusal(row: Row | None) -> RefreshRefusal | None:
    """Why the token is refused; None where it was consumed, be it a moment or a year ago."""
    if row is None:
        return RefreshRefusal.UNKNOWN
    rules = (
        (not row["is_own"], RefreshRefusal.OTHER_CLIENT),
        # Before anything is called a replay: who has not the key cannot end the family.
        (not row["has_key"], RefreshRefusal.OTHER_KEY),
        (not row["is_live"], RefreshRefusal.REVOKED),
        (row["is_expired"], RefreshRefusal.EXPIRED),
        # A generation not reached yet: the database was restored from a backup since.
        (row["generations_ago"] <= 0, RefreshRefusal.UNKNOWN),
    )
    return next((reason for applies, reason in rules if applies), None)
