"""The first administrator, so that a new instance can be signed in to."""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum

from authly_server.storage import users
from authly_server.storage.migrate import Connection


class Outcome(StrEnum):
    """What became of the administrator."""

    CREATED = "created"
    CHANGED = "changed"
    UNCHANGED = "unchanged"


@dataclass(frozen=True, slots=True)
class Administrator:
    """Whom to ensure; the functions take their time, and are called only if they are needed."""

    email: str
    hash_password: Callable[[], str] = field(repr=False)
    matches: Callable[[str], bool] = field(repr=False)
    """Whether a hash is that of the password."""


_FIND = """
SELECT id, password_hash, is_admin FROM authly.users
WHERE email_folded = %s OR username_folded = %s
"""
_CREATE = """
INSERT INTO authly.users
    (email, username, email_folded, username_folded, password_hash, is_verified, is_admin)
VALUES (%(email)s, %(email)s, %(folded)s, %(folded)s, %(password_hash)s, true, true)
ON CONFLICT DO NOTHING
"""
# Whoever signed in by the password of before has to do so again.
_CHANGE = """
WITH ended AS (DELETE FROM authly.sessions WHERE user_id = %(id)s)
UPDATE authly.users SET password_hash = %(password_hash)s, updated_at = now() WHERE id = %(id)s
"""
# So that others can tell whom it would come back to.
_MARK = """
UPDATE authly.users SET is_bootstrapped = NOT is_bootstrapped, updated_at = now()
WHERE is_bootstrapped <> (email_folded = %(folded)s)
"""
_RECORD = "INSERT INTO authly.audit_log (event, user_id, detail) VALUES (%s, %s, '{}')"


def ensure_administrator(connection: Connection, wanted: Administrator) -> Outcome:
    """Create a verified administrator with that address, or make the password what it should be.

    There is no page to change it: whoever starts the program says what it is. Somebody else of
    that address, who is no administrator, is left alone.
    """
    folded = users.fold(wanted.email)
    outcome = _ensure(connection, wanted, folded)
    connection.execute(_MARK, {"folded": folded})
    return outcome


def _ensure(connection: Connection, wanted: Administrator, folded: str) -> Outcome:
    found = connection.execute(_FIND, (folded, folded)).fetchone()
    if found is None:
        return _create(connection, wanted, folded)
    user_id, password_hash, is_admin = found
    if not is_admin or wanted.matches(password_hash):
        return Outcome.UNCHANGED
    with connection.transaction():
        changed = {"id": user_id, "password_hash": wanted.hash_password()}
        connection.execute(_CHANGE, changed)
        connection.execute(_RECORD, ("administrator_password_changed", user_id))
    return Outcome.CHANGED


def _create(connection: Connection, wanted: Administrator, folded: str) -> Outcome:
    parameters = {
        "email": wanted.email.strip(),
        "folded": folded,
        "password_hash": wanted.hash_password(),
    }
    with connection.transaction():
        if not connection.execute(_CREATE, parameters).rowcount:
            return Outcome.UNCHANGED
        connection.execute(_RECORD, ("administrator_created", None))
    return Outcome.CREATED
