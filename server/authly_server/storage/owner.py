"""The owner of a database whose password is being changed: signs in by whichever is good.

PostgreSQL gives a role one password. Who asks is therefore given several, of which one is good at
each moment, and whoever changes it waits until nobody else is at it.
"""

from typing import Final

import psycopg

from authly_server.storage import migrate, roles
from authly_server.storage.migrate import Connection


_ALTER: Final = "ALTER ROLE {role}"
_OTHERS: Final = """
SELECT DISTINCT usename || ' from ' || host(client_addr) FROM pg_stat_activity
WHERE usename = current_user AND pid <> pg_backend_pid() AND client_addr IS NOT NULL ORDER BY 1
"""


def usable(url: str, *others: str | None) -> str:
    """The first of the URLs by which one can sign in; `url` where none is, or it is the only one.

    What stands in the way then is told by whoever connects.
    """
    given = [one for one in others if one]
    if not given:
        return url
    return next((one for one in (url, *given) if _signs_in(one)), url)


def set_passwords(url: str, *role_urls: str | None) -> None:
    """Give each role that is named the password of its URL, all or none.

    Raises:
        MigrationError: one line that says what is wrong and holds no secret.
    """
    with migrate.locked(url) as connection:
        change(connection, *role_urls)


def change(connection: Connection, *role_urls: str | None) -> None:
    """The same on a connection of the owner's.

    Raises:
        MigrationError: a URL cannot be read.
    """
    with connection.transaction():
        for role in [roles.parse(one) for one in role_urls if one]:
            connection.execute(roles.with_password(connection, _ALTER, role))


def others(connection: Connection) -> list[str]:
    """Who else is connected as the owner by a password, which nobody needs over the socket."""
    return [row[0] for row in connection.execute(_OTHERS)]


def _signs_in(url: str) -> bool:
    try:
        psycopg.connect(url, connect_timeout=10).close()
    except psycopg.Error:
        return False
    return True
