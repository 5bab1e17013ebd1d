"""A streaming replica of a database, to read from what was true when one began to ask."""

import time
from typing import Final

from psycopg import conninfo

from authly_server.storage import migrate
from authly_server.storage.errors import MigrationError


PATIENCE: Final = 60.0
"""Seconds for it to catch up."""
_PRIMARY: Final = (
    "SELECT system_identifier::text, pg_current_wal_flush_lsn()::text FROM pg_control_system()"
)
_REPLICA: Final = """
SELECT system_identifier::text = %s AND pg_is_in_recovery(),
    coalesce(pg_last_wal_replay_lsn() >= %s::pg_lsn, false), host(inet_server_addr())
FROM pg_control_system()
"""


def find(url: str, host: str, *, patience: float = PATIENCE) -> str:
    """The owner's URL of the replica at `host`, once it has all that is committed now.

    Committed is what PostgreSQL has flushed: with synchronous_commit off that comes a little later.
    It names the address that answered, so that all connections are to one replica where several
    share the host name. Roles, password, port and database are the primary's.

    Raises:
        MigrationError: there is none, it is another database's, or it is behind for too long.
    """
    with migrate.connected(url) as primary:
        system, position = primary.execute(_PRIMARY).fetchone() or ("", "")
    there = conninfo.make_conninfo(url, host=host)
    deadline = time.monotonic() + patience
    with migrate.connected(there) as replica:
        while True:
            row = replica.execute(_REPLICA, (system, position)).fetchone()
            ours, has_all, address = row or (False, False, None)
            if not ours:
                message = f"{host} is no replica of the database"
                raise MigrationError(message)
            if has_all:
                return conninfo.make_conninfo(there, hostaddr=address)
            if time.monotonic() > deadline:
                message = f"the replica {host} is behind the database for {patience:.0f} seconds"
                raise MigrationError(message)
            time.sleep(0.2)
