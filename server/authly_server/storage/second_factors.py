"""Second factors; each use of a code is one conditional statement, so that it is used once."""

import json
from collections.abc import Sequence
from typing import LiteralString
from uuid import UUID

from psycopg import errors as pg

from authly_server.model.actor import Actor
from authly_server.model.second_factor import SecondFactor
from authly_server.model.session import PASSWORD
from authly_server.storage import errors
from authly_server.storage.pool import Database


# Of a session, as a part of a condition on it: whoever has a second factor has shown it there. A
# session from before it, or of a version that did not know of it, is none until they have.
SHOWN: LiteralString = f"""
(session.acr <> '{PASSWORD}' OR NOT EXISTS (
    SELECT FROM authly.second_factors AS factor WHERE factor.user_id = session.user_id))
"""
_FIND = """
SELECT user_id, sealed_key, cardinality(recovery_digests) AS recovery_codes, enrolled_at
FROM authly.second_factors WHERE user_id = %(user_id)s
"""
_ENROL = """
WITH enrolled AS (
    INSERT INTO authly.second_factors (user_id, sealed_key, last_step, recovery_digests)
    VALUES (%(user_id)s, %(sealed_key)s, %(step)s, %(digests)s::bytea[])
    ON CONFLICT (user_id) DO NOTHING RETURNING user_id
), recorded AS (
    INSERT INTO authly.audit_log (event, user_id, detail)
    SELECT 'second_factor_enrolled', user_id, '{}' FROM enrolled
)
SELECT user_id FROM enrolled
"""
# Whoever waited for another one's lock compares again. The key is compared too, for the code was
# found by it, and there may be another one meanwhile.
_USE_STEP = """
UPDATE authly.second_factors SET last_step = %(step)s
WHERE user_id = %(user_id)s AND sealed_key = %(sealed_key)s AND last_step < %(step)s
"""
_USE_RECOVERY_CODE = """
WITH used AS (
    UPDATE authly.second_factors
    SET recovery_digests = array_remove(recovery_digests, %(digest)s::bytea)
    WHERE user_id = %(user_id)s AND %(digest)s::bytea = ANY (recovery_digests)
    RETURNING user_id
), recorded AS (
    INSERT INTO authly.audit_log (event, user_id, detail)
    SELECT 'recovery_code_used', user_id, '{}' FROM used
)
SELECT user_id FROM used
"""
_RENEW = """
WITH renewed AS (
    UPDATE authly.second_factors SET recovery_digests = %(digests)s::bytea[]
    WHERE user_id = %(user_id)s RETURNING user_id
), recorded AS (
    INSERT INTO authly.audit_log (event, user_id, detail)
    SELECT 'recovery_codes_renewed', user_id, '{}' FROM renewed
)
SELECT user_id FROM renewed
"""
_REMOVE = """
WITH removed AS (
    DELETE FROM authly.second_factors WHERE user_id = %(user_id)s RETURNING user_id
), recorded AS (
    INSERT INTO authly.audit_log (event, user_id, detail)
    SELECT 'second_factor_removed', user_id, %(detail)s::jsonb FROM removed
)
SELECT user_id FROM removed
"""


async def find(database: Database, user_id: UUID) -> SecondFactor | None:
    """What that person has to show; None for the password alone."""
    row = await database.fetch_one(_FIND, {"user_id": user_id})
    if row is None:
        return None
    return SecondFactor(
        row["user_id"], row["sealed_key"], row["recovery_codes"], row["enrolled_at"]
    )


async def enrol(
    database: Database, user_id: UUID, *, sealed_key: bytes, step: int, digests: Sequence[bytes]
) -> bool:
    """Ask for it from now on, for codes after that time step; False if one is asked for already.

    Raises:
        errors.Vanished: the user was deleted meanwhile.
    """
    parameters = {
        "user_id": user_id,
        "sealed_key": sealed_key,
        "step": step,
        "digests": list(digests),
    }
    try:
        return await database.fetch_one(_ENROL, parameters) is not None
    except pg.ForeignKeyViolation as error:
        raise errors.Vanished(str(user_id)) from error


async def use_step(database: Database, factor: SecondFactor, step: int) -> bool:
    """Use the code of a time step, or do not: one of several at once does, and no earlier one."""
    parameters = {"user_id": factor.user_id, "sealed_key": factor.sealed_key, "step": step}
    return await database.execute(_USE_STEP, parameters) == 1


async def use_recovery_code(database: Database, user_id: UUID, digest: bytes) -> bool:
    """Use a recovery code up; False where there is none of that digest."""
    parameters = {"user_id": user_id, "digest": digest}
    return await database.fetch_one(_USE_RECOVERY_CODE, parameters) is not None


async def renew_recovery_codes(database: Database, user_id: UUID, digests: Sequence[bytes]) -> bool:
    """Put other codes in place of all that were left; False where there is no factor."""
    parameters = {"user_id": user_id, "digests": list(digests)}
    return await database.fetch_one(_RENEW, parameters) is not None


async def remove(database: Database, user_id: UUID, *, by: Actor | None = None) -> bool:
    """The password alone is asked for again; False if it was already.

    `by` is the administrator who does it, if it is not the person.
    """
    parameters = {"user_id": user_id, "detail": json.dumps({} if by is None else by.told())}
    return await database.fetch_one(_REMOVE, parameters) is not None
