"""People who sign in; names are compared in their folded form (PRECIS in spirit: NFKC and case)."""

import unicodedata
from typing import LiteralString
from uuid import UUID

from authly_server.model.session import PASSWORD, Session
from authly_server.model.user import User
from authly_server.storage import rows, sign_out
from authly_server.storage.connections import Row
from authly_server.storage.pool import Database


_COLUMNS = """
SELECT id AS user_id, email, username, password_hash, is_verified, is_admin, enabled, updated_at,
    is_bootstrapped
FROM authly.users """
_FIND = _COLUMNS + "WHERE id = %(id)s"
_FIND_BY_LOGIN = _COLUMNS + "WHERE email_folded = %(login)s OR username_folded = %(login)s LIMIT 1"
_RECORD_HASH = """
UPDATE authly.users SET password_hash = %(password_hash)s, updated_at = now()
WHERE id = %(id)s AND password_hash = %(former)s
"""
# Whoever knew the former password may have sessions and tokens by it, so that all of them end. The
# former hash admits one of several at once.
_REPLACE: LiteralString = f"""
WITH changed AS (
    UPDATE authly.users SET password_hash = %(password_hash)s, updated_at = now()
    WHERE id = %(id)s AND password_hash = %(former)s AND enabled
    RETURNING id
), recorded AS (
    INSERT INTO authly.audit_log (event, user_id, detail)
    SELECT 'password_changed', id, '{{}}' FROM changed
), {sign_out.EVERYWHERE}
SELECT (SELECT count(*) FROM told) AS notices FROM changed
"""  # noqa: S608  # of constants
# The same by who knows the former one: in the place of the session that it was typed in, which must
# be live, comes another.
_CHANGE: LiteralString = f"""
WITH changed AS (
    UPDATE authly.users SET password_hash = %(password_hash)s, updated_at = now()
    WHERE id = %(id)s AND password_hash = %(former)s AND enabled
    AND EXISTS (SELECT FROM authly.sessions AS present WHERE present.digest = %(present)s
        AND present.user_id = %(id)s AND present.expires_at > now())
    RETURNING id
), recorded AS (
    INSERT INTO authly.audit_log (event, user_id, detail)
    SELECT 'password_changed', id, '{{}}' FROM changed
), {sign_out.EVERYWHERE}, begun AS (
    INSERT INTO authly.sessions (digest, user_id, acr, expires_at)
    SELECT %(digest)s, id, %(acr)s, now() + make_interval(secs => %(ttl)s) FROM changed
    RETURNING id AS session_id, user_id, authenticated_at, expires_at, acr
)
SELECT begun.*, (SELECT count(*) FROM told) AS notices FROM begun
"""  # noqa: S608  # of constants
_FIND_OF_GRANT = """
SELECT person.id AS user_id, person.email, person.username, person.password_hash,
    person.is_verified, person.is_admin, person.enabled, person.updated_at, person.is_bootstrapped,
    grants.userinfo_claims
FROM authly.grants
JOIN authly.clients AS client ON client.id = grants.client_id
JOIN authly.users AS person ON person.id = grants.user_id
WHERE grants.id = %(grant_id)s AND grants.revoked_at IS NULL
AND client.client_id = %(client_id)s AND client.enabled AND person.enabled
AND NOT EXISTS (SELECT FROM authly.tokens WHERE tokens.jti = %(jti)s)
AND NOT EXISTS (SELECT FROM authly.token_fences
    WHERE %(issued_at)s::bigint BETWEEN refused_from AND refused_until)
"""


def fold(name: str) -> str:
    """The form in which two spellings of one address or username are equal."""
    once = unicodedata.normalize("NFKC", name.strip()).casefold()
    return unicodedata.normalize("NFKC", once)


async def find(database: Database, user_id: UUID) -> User | None:
    """The user of that key, enabled or not."""
    row = await database.fetch_one(_FIND, {"id": user_id})
    return None if row is None else rows.user(row)


async def find_by_token(
    database: Database, *, jti: str, grant_id: UUID, client_id: str, issued_at: int = 0
) -> tuple[User, frozenset[str]] | None:
    """Whom a valid access token is about, if it is live in the sense of `tokens.is_live`.

    With the claims of userinfo that were asked for one by one.
    """
    parameters: dict[str, object] = {
        "jti": jti,
        "grant_id": grant_id,
        "client_id": client_id,
        "issued_at": issued_at,
    }
    row = await database.fetch_one(_FIND_OF_GRANT, parameters)
    return None if row is None else (rows.user(row), frozenset(row["userinfo_claims"]))


async def find_by_login(database: Database, login: str) -> User | None:
    """The user, enabled or not, whose address or username folds to what `login` folds to."""
    row = await database.fetch_one(_FIND_BY_LOGIN, {"login": fold(login)})
    return None if row is None else rows.user(row)


async def record_password_hash(database: Database, user: User, password_hash: str) -> bool:
    """Replace the hash by another of the same password; False if it is replaced already."""
    parameters = {"id": user.id, "former": user.password_hash, "password_hash": password_hash}
    return await database.execute(_RECORD_HASH, parameters) > 0


async def replace_password(database: Database, user: User, password_hash: str) -> int | None:
    """Give a person another password, and end every session and grant of theirs.

    None where the password is not `user.password_hash` any more, or the account is disabled; else
    for how many clients a notice of logout waits.
    """
    parameters: dict[str, object] = {
        "id": user.id,
        "former": user.password_hash,
        "password_hash": password_hash,
    }
    row = await _sign_out(database, _REPLACE, parameters)
    return None if row is None else int(row["notices"])


async def change_password(
    database: Database,
    user: User,
    password_hash: str,
    *,
    present: bytes,
    digest: bytes,
    ttl: int,
    acr: str = PASSWORD,
) -> tuple[Session, int] | None:
    """As `replace_password`, and begin a session of `ttl` seconds under `digest` at once.

    `present` is the digest of the live session in which that is asked for. None where there is no
    such session any more, or as for `replace_password`; else with the number of notices.
    """
    parameters: dict[str, object] = {
        "id": user.id,
        "former": user.password_hash,
        "password_hash": password_hash,
        "present": present,
        "digest": digest,
        "acr": acr,
        "ttl": ttl,
    }
    row = await _sign_out(database, _CHANGE, parameters)
    return None if row is None else (rows.session(row), int(row["notices"]))


async def _sign_out(
    database: Database, statement: LiteralString, parameters: dict[str, object]
) -> Row | None:
    """The lock first, so that the statement sees also what was just beginning."""
    async with database.connection() as connection:
        await connection.execute(sign_out.LOCK, parameters)
        return await (await connection.execute(statement, parameters)).fetchone()
