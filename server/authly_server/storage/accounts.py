"""Accounts as administrators list, make, change and delete them.

Each change is one transaction with its record in the audit log. At least one administrator who can
sign in stays: those changes that could take the last one go one after another, under a lock.
"""

import json
from dataclasses import dataclass
from typing import Final, LiteralString
from uuid import UUID

from psycopg import errors as pg

from authly_server.model.account import Account, Changed, Profile, Refusal
from authly_server.model.actor import Actor
from authly_server.storage import sign_out, users
from authly_server.storage.connections import Connection, Row
from authly_server.storage.pool import Database, Parameters


_COLUMNS: LiteralString = (
    "id, email, username, is_verified, is_admin, enabled, created_at, updated_at, is_bootstrapped,"
    " EXISTS (SELECT FROM authly.second_factors AS factor WHERE factor.user_id = id)"
    " AS has_second_factor"
)
_FIND: LiteralString = f"SELECT {_COLUMNS} FROM authly.users WHERE id = %(id)s"  # noqa: S608
_LIST: LiteralString = f"""
SELECT {_COLUMNS} FROM authly.users WHERE id > %(after)s ORDER BY id LIMIT %(limit)s
"""  # noqa: S608  # of constants
_LIST_BY_LOGIN: LiteralString = f"""
SELECT {_COLUMNS} FROM authly.users
WHERE (email_folded = %(login)s OR username_folded = %(login)s) AND id > %(after)s
ORDER BY id LIMIT %(limit)s
"""  # noqa: S608  # of constants
# A version of its own for each change, also where the clock goes back.
_NEXT: LiteralString = "updated_at = greatest(now(), updated_at + interval '1 microsecond')"
_OTHER_ADMINISTRATOR: LiteralString = """
EXISTS (SELECT FROM authly.users AS other
    WHERE other.id <> person.id AND other.is_admin AND other.enabled)
"""
_LOCK: LiteralString = "SELECT pg_advisory_xact_lock(1096111176, 3)"
_CREATE: LiteralString = f"""
WITH created AS (
    INSERT INTO authly.users (email, username, email_folded, username_folded, password_hash,
        is_verified, is_admin, enabled)
    VALUES (%(email)s, %(username)s, %(email_folded)s, %(username_folded)s, %(password_hash)s,
        %(is_verified)s, %(is_admin)s, %(enabled)s)
    RETURNING {_COLUMNS}
), recorded AS (
    INSERT INTO authly.audit_log (event, user_id, detail)
    SELECT 'user_created', id, %(detail)s::jsonb FROM created
)
SELECT * FROM created
"""  # noqa: S608  # of constants
_CHANGE: LiteralString = f"""
WITH written AS (
    UPDATE authly.users AS person SET email = %(email)s, username = %(username)s,
        email_folded = %(email_folded)s, username_folded = %(username_folded)s,
        is_verified = %(is_verified)s, is_admin = %(is_admin)s, enabled = %(enabled)s, {_NEXT}
    WHERE id = %(id)s AND updated_at = %(version)s
    AND ((%(is_admin)s AND %(enabled)s) OR NOT (is_admin AND enabled) OR {_OTHER_ADMINISTRATOR})
    RETURNING {_COLUMNS}
), recorded AS (
    INSERT INTO authly.audit_log (event, user_id, detail)
    SELECT 'user_changed', id, %(detail)s::jsonb FROM written
), changed AS (
    SELECT id FROM written WHERE %(signs_out)s
), {sign_out.EVERYWHERE}
SELECT written.*, (SELECT count(*) FROM told) AS notices FROM written
"""  # noqa: S608  # of constants
_REMOVE: LiteralString = f"""
WITH changed AS (
    DELETE FROM authly.users AS person
    WHERE id = %(id)s AND (NOT (is_admin AND enabled) OR {_OTHER_ADMINISTRATOR})
    RETURNING {_COLUMNS}
), recorded AS (
    INSERT INTO authly.audit_log (event, user_id, detail)
    SELECT 'user_deleted', id, %(detail)s::jsonb FROM changed
), {sign_out.EVERYWHERE}
SELECT changed.*, (SELECT count(*) FROM told) AS notices FROM changed
"""  # noqa: S608  # of constants
_SET_PASSWORD: LiteralString = f"""
WITH changed AS (
    UPDATE authly.users AS person SET password_hash = %(password_hash)s, {_NEXT}
    WHERE id = %(id)s RETURNING {_COLUMNS}
), recorded AS (
    INSERT INTO authly.audit_log (event, user_id, detail)
    SELECT 'password_changed', id, %(detail)s::jsonb FROM changed
), {sign_out.EVERYWHERE}
SELECT changed.*, (SELECT count(*) FROM told) AS notices FROM changed
"""  # noqa: S608  # of constants
_TAKEN: Final = {
    "users_email_folded_key": Refusal.EMAIL_TAKEN,
    "users_username_folded_key": Refusal.USERNAME_TAKEN,
}


@dataclass(frozen=True, slots=True)
class Change:
    """What an account is to be, if it is still what it `was`."""

    was: Account
    profile: Profile

    @property
    def signs_out(self) -> bool:
        """Whoever is disabled, or enabled again, begins anew."""
        return self.was.enabled != self.profile.enabled

    @property
    def changed(self) -> tuple[str, ...]:
        """The names of what becomes another."""
        wanted = {name: getattr(self.profile, name) for name in self.profile.__slots__}
        return tuple(name for name, value in wanted.items() if value != getattr(self.was, name))


async def find(database: Database, user_id: UUID) -> Account | None:
    """The account of that key."""
    row = await database.fetch_one(_FIND, {"id": user_id})
    return None if row is None else _read(row)


async def find_after(
    database: Database, after: UUID | None, limit: int, *, login: str | None = None
) -> tuple[Account, ...]:
    """Up to `limit` accounts in the order of their keys, from the one behind `after` on.

    With a `login` only who has an address or a username that folds to what it folds to.
    """
    parameters: dict[str, object] = {"after": after or UUID(int=0), "limit": limit}
    if login is None:
        return tuple(map(_read, await database.fetch_all(_LIST, parameters)))
    parameters["login"] = users.fold(login)
    return tuple(map(_read, await database.fetch_all(_LIST_BY_LOGIN, parameters)))


async def create(
    database: Database, profile: Profile, *, password_hash: str, by: Actor
) -> Account | Refusal:
    """Make an account, or say which of its names somebody has."""
    parameters = _columns(profile) | {"password_hash": password_hash, "detail": _detail(by)}
    try:
        row = await database.fetch_one(_CREATE, parameters)
    except pg.UniqueViolation as error:
        return _taken(error)
    assert row is not None  # noqa: S101  # INSERT … RETURNING answers a row or raises
    return _read(row)


async def change(database: Database, wanted: Change, *, by: Actor) -> Changed | Refusal:
    """Write what an account is to be; whoever is disabled, or enabled again, is signed out."""
    parameters = _columns(wanted.profile) | {
        "id": wanted.was.id,
        "version": wanted.was.updated_at,
        "signs_out": wanted.signs_out,
        "detail": _detail(by, changed=list(wanted.changed)),
    }
    try:
        async with database.connection() as connection:
            return await _one_after_another(connection, _CHANGE, parameters)
    except pg.UniqueViolation as error:
        return _taken(error)


async def remove(database: Database, user_id: UUID, *, by: Actor) -> Changed | Refusal:
    """Delete an account and all it has."""
    parameters = {"id": user_id, "detail": _detail(by)}
    async with database.connection() as connection:
        return await _one_after_another(connection, _REMOVE, parameters)


async def set_password(
    database: Database, user_id: UUID, password_hash: str, *, by: Actor
) -> Changed | Refusal:
    """Give a person another password, and end every session and grant of theirs."""
    parameters = {"id": user_id, "password_hash": password_hash, "detail": _detail(by)}
    async with database.connection() as connection:
        await connection.execute(sign_out.LOCK, parameters)
        row = await (await connection.execute(_SET_PASSWORD, parameters)).fetchone()
    return Refusal.ABSENT if row is None else _changed(row)


async def _one_after_another(
    connection: Connection, statement: LiteralString, parameters: Parameters
) -> Changed | Refusal:
    """The locks first: the statement then sees what whoever had them has written."""
    await connection.execute(_LOCK)
    await connection.execute(sign_out.LOCK, parameters)
    row = await (await connection.execute(statement, parameters)).fetchone()
    if row is not None:
        return _changed(row)
    now = await (await connection.execute(_FIND, parameters)).fetchone()
    if now is None:
        return Refusal.ABSENT
    is_stale = parameters.get("version", now["updated_at"]) != now["updated_at"]
    return Refusal.STALE if is_stale else Refusal.LAST_ADMINISTRATOR


def _taken(error: pg.UniqueViolation) -> Refusal:
    return _TAKEN[error.diag.constraint_name or ""]


def _columns(profile: Profile) -> dict[str, object]:
    return {
        "email": profile.email,
        "username": profile.username,
        "email_folded": users.fold(profile.email),
        "username_folded": users.fold(profile.username),
        "is_verified": profile.is_verified,
        "is_admin": profile.is_admin,
        "enabled": profile.enabled,
    }


def _detail(by: Actor, **more: object) -> str:
    return json.dumps(by.told() | more)


def _changed(row: Row) -> Changed:
    return Changed(_read(row), int(row["notices"]))


def _read(row: Row) -> Account:
    return Account(**{name: row[name] for name in Account.__slots__})
