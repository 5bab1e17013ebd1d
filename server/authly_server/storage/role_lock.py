"""The end of a role whose password was rotated away: nobody can sign in as it any more.

The two programs then use the other role of the pair. One that is still used is left alone: who
uses it would fail.
"""

import time
from typing import Final

from psycopg import errors as pg, sql

from authly_server.storage import migrate, owner, roles
from authly_server.storage.errors import MigrationError
from authly_server.storage.migrate import Connection
from authly_server.storage.roles import Role


PATIENCE: Final = 60.0
"""Seconds until the last connection of a role must be over."""
_PAUSE: Final = 1.0
_USERS = """
SELECT DISTINCT usename || coalesce(' from ' || host(client_addr), '') FROM pg_stat_activity
WHERE usename = ANY(%s) ORDER BY 1
"""
_EXISTING = "SELECT rolname FROM pg_roles WHERE rolname = ANY(%s) AND rolname <> current_user"
_LOCK = "ALTER ROLE {} NOLOGIN PASSWORD NULL"


def run(
    url: str,
    *role_urls: str | None,
    owners: tuple[str | None, ...] = (),
    patience: float = PATIENCE,
) -> tuple[str, ...]:
    """Lock the roles that the URLs name, once nobody is connected as one; answers their names.

    `url` is the owner's. A role that does not exist is as good as locked. `owners` are roles that
    get the password of their URL instead, as soon as nobody else is connected as the owner.

    Raises:
        MigrationError: one is still used after `patience` seconds, or may not be changed; one
            line without a password.
    """
    named = [roles.parse(each) for each in role_urls if each]
    deadline = time.monotonic() + patience
    while True:
        with migrate.locked(url) as connection:
            found = _existing(connection, named)
            users = [row[0] for row in connection.execute(_USERS, (found,))]
            if not users:
                _lock(connection, found)
                users = owner.others(connection) if any(owners) else []
            if not users:
                owner.change(connection, *owners)
                return tuple(found)
        if time.monotonic() > deadline:
            message = f"still used, so left as it is: {', '.join(users)}"
            raise MigrationError(message)
        time.sleep(_PAUSE)


def _existing(connection: Connection, named: list[Role]) -> list[str]:
    """Those that exist; never the owner, who would lock himself out."""
    return [row[0] for row in connection.execute(_EXISTING, ([one.name for one in named],))]


def _lock(connection: Connection, names: list[str]) -> None:
    for name in names:
        try:
            connection.execute(sql.SQL(_LOCK).format(sql.Identifier(name)))
        except pg.InsufficientPrivilege as error:
            message = (
                f'this user may not lock the role "{name}"; have a DBA run:'
                f' ALTER ROLE "{name}" NOLOGIN PASSWORD NULL'
            )
            raise MigrationError(message) from error
