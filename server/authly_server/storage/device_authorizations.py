"""Devices that wait (RFC 8628): decided about once, and redeemed once for all."""

from uuid import UUID

from psycopg import errors as pg

from authly_server.model.device_authorization import (
    DeviceOutcome,
    DeviceRedeemed,
    DeviceRedemption,
    DeviceRefusal,
    DeviceRefused,
    DeviceReplayed,
    NewDeviceAuthorization,
    Waiting,
    WaitingDevice,
)
from authly_server.model.grant import Authentication
from authly_server.model.opaque_token import DueToken
from authly_server.model.refresh_token import NewRefreshFamily
from authly_server.storage import errors, grants, opaque_tokens, rows
from authly_server.storage.connections import Connection, Row
from authly_server.storage.pool import Database


_START = """
INSERT INTO authly.device_authorizations (digest, user_code_digest, grant_id, client_id, scopes,
    resources, poll_interval, expires_at)
VALUES (%(digest)s, %(user_code_digest)s, %(grant_id)s, %(client_id)s, %(scopes)s, %(resources)s,
    %(interval)s, now() + make_interval(secs => %(ttl)s))
ON CONFLICT (user_code_digest) DO NOTHING
"""
_FIND = """
SELECT client.client_id, device.scopes, device.resources
FROM authly.device_authorizations AS device
JOIN authly.clients AS client ON client.id = device.client_id
WHERE device.user_code_digest = %(user_code_digest)s
AND device.decision IS NULL AND device.expires_at > now() AND client.enabled
"""
_ALLOW = """
WITH decided AS (
    UPDATE authly.device_authorizations SET decision = 'allowed'
    WHERE user_code_digest = %(user_code_digest)s AND decision IS NULL AND expires_at > now()
    RETURNING grant_id, client_id, scopes, resources
)
INSERT INTO authly.grants
    (id, client_id, user_id, scopes, resources, session_id, authenticated_at, acr)
SELECT decided.grant_id, decided.client_id, %(user_id)s, decided.scopes, decided.resources,
    %(session_id)s, %(authenticated_at)s, %(acr)s
FROM decided
"""
_DENY = """
UPDATE authly.device_authorizations SET decision = 'denied'
WHERE user_code_digest = %(user_code_digest)s AND decision IS NULL AND expires_at > now()
"""
# Whose grant it is no index can answer: see authorization_codes.
_CONSUMED = """
WITH consumed AS (
    UPDATE authly.device_authorizations AS device SET used_at = now()
    FROM authly.grants
    JOIN authly.clients AS client ON client.id = grants.client_id
    JOIN authly.users AS person ON person.id = grants.user_id
    WHERE device.digest = %(digest)s AND device.grant_id = grants.id
    AND grants.client_id IS NOT DISTINCT FROM %(client_id)s
    AND device.decision = 'allowed' AND device.used_at IS NULL AND device.expires_at > now()
    AND grants.revoked_at IS NULL AND client.enabled AND person.enabled
    RETURNING grants.id AS grant_id, grants.client_id, grants.user_id, grants.scopes,
        grants.resources, grants.session_id, grants.authenticated_at, grants.acr,
        grants.id_token_claims
), family AS (
    INSERT INTO authly.tokens
        (token_type, client_id, grant_id, generation, digest, dpop_jkt, expires_at)
    SELECT 'refresh', consumed.client_id, consumed.grant_id, 0, %(family_digest)s, %(family_jkt)s,
        now() + make_interval(secs => %(family_ttl)s)
    FROM consumed WHERE %(family_digest)s::bytea IS NOT NULL
)"""
_REDEEM = _CONSUMED + opaque_tokens.NOT_ISSUED
_REDEEM_AND_ISSUE = _CONSUMED + opaque_tokens.ISSUED
# Half a second is what networks make of an interval that a device kept.
_EXAMINE = """
SELECT grant_id, decision, client_id = %(client_id)s AS is_own, used_at IS NOT NULL AS is_used,
    expires_at <= now() AS is_expired,
    coalesce(polled_at > now() - make_interval(secs => poll_interval - 0.5), false) AS is_too_fast
FROM authly.device_authorizations WHERE digest = %(digest)s
FOR UPDATE
"""
_POLLED = """
UPDATE authly.device_authorizations
SET polled_at = now(), poll_interval = poll_interval + %(slower)s WHERE digest = %(digest)s
"""
# RFC 8628 section 3.5: "the interval MUST be increased by 5 seconds for this and all subsequent
# requests".
_SLOWER = 5


async def start(database: Database, device: NewDeviceAuthorization) -> bool:
    """Let a device wait; False if its user code is taken, and nothing was written.

    Raises:
        errors.Vanished: the client was deleted meanwhile.
    """
    parameters = {
        "digest": device.digest,
        "user_code_digest": device.user_code_digest,
        "grant_id": device.grant_id,
        "client_id": device.client_id,
        "scopes": sorted(device.scopes),
        "resources": list(device.resources),
        "interval": device.interval,
        "ttl": device.ttl,
    }
    try:
        return await database.execute(_START, parameters) == 1
    except pg.ForeignKeyViolation as error:
        raise errors.Vanished(str(device.client_id)) from error


async def find(database: Database, user_code_digest: bytes) -> WaitingDevice | None:
    """The device of that user code that somebody can decide about now."""
    row = await database.fetch_one(_FIND, {"user_code_digest": user_code_digest})
    if row is None:
        return None
    return WaitingDevice(row["client_id"], frozenset(row["scopes"]), tuple(row["resources"]))


async def allow(
    database: Database, user_code_digest: bytes, *, user_id: UUID, authentication: Authentication
) -> bool:
    """Make the grant of the device; False if it was decided about before, or is too late.

    Raises:
        errors.Vanished: the user was deleted meanwhile.
    """
    parameters = {
        "user_code_digest": user_code_digest,
        "user_id": user_id,
        "session_id": authentication.session_id,
        "authenticated_at": authentication.at,
        "acr": authentication.acr,
    }
    try:
        return await database.execute(_ALLOW, parameters) == 1
    except pg.ForeignKeyViolation as error:
        raise errors.Vanished(str(user_id)) from error


async def deny(database: Database, user_code_digest: bytes) -> bool:
    """Refuse the device; False if it was decided about before, or is too late."""
    return await database.execute(_DENY, {"user_code_digest": user_code_digest}) == 1


async def redeem(
    database: Database,
    redemption: DeviceRedemption,
    family: NewRefreshFamily | None,
    due: DueToken | None = None,
) -> DeviceOutcome:
    """Consume the code of a device that was allowed, start `family` and write `due`, if any.

    A code that was used revokes its grant, as an authorization code does; every other answer of
    its own client counts as a poll.
    """
    parameters: dict[str, object] = {
        "digest": redemption.digest,
        "client_id": redemption.client_id,
        "family_digest": family.digest if family else None,
        "family_jkt": family.dpop_jkt if family else None,
        "family_ttl": family.ttl if family else 0,
    }
    statement = _REDEEM
    if due is not None:
        statement = _REDEEM_AND_ISSUE
        parameters |= opaque_tokens.parameters(due)
    consumed = await database.fetch_one(statement, parameters)
    if consumed is not None:
        return DeviceRedeemed(rows.grant(consumed))
    async with database.connection() as connection:
        return await _explain(connection, redemption)


async def _explain(connection: Connection, redemption: DeviceRedemption) -> DeviceOutcome:
    parameters = {"digest": redemption.digest, "client_id": redemption.client_id}
    row = await (await connection.execute(_EXAMINE, parameters)).fetchone()
    if row is None or not row["is_own"]:
        return DeviceRefused(DeviceRefusal.OTHER_CLIENT if row else DeviceRefusal.UNKNOWN)
    if row["is_used"]:
        await grants.revoke_after_replay(connection, row["grant_id"], "device_code_replayed")
        return DeviceReplayed(row["grant_id"])
    outcome = _outcome(row)
    if outcome in {Waiting.PENDING, Waiting.TOO_FAST}:
        slower = _SLOWER if outcome is Waiting.TOO_FAST else 0
        await connection.execute(_POLLED, {"digest": redemption.digest, "slower": slower})
    return outcome


def _outcome(row: Row) -> DeviceOutcome:
    rules: tuple[tuple[bool, DeviceOutcome], ...] = (
        (row["is_expired"], Waiting.EXPIRED),
        (row["decision"] == "denied", Waiting.DENIED),
        (row["decision"] == "allowed", DeviceRefused(DeviceRefusal.REVOKED)),
        (row["is_too_fast"], Waiting.TOO_FAST),
        (True, Waiting.PENDING),
    )
    return next(outcome for applies, outcome in rules if applies)
