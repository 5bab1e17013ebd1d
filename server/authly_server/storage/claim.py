"""Whose database it is: that of one AuthlyServer, so that two that are given one do not fight."""

from dataclasses import dataclass

from authly_server.storage.errors import MigrationError
from authly_server.storage.migrate import Connection


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimant:
    """An AuthlyServer: `namespace/name`, its uid, and whose database it may take over."""

    owner: str
    uid: str
    taken_from: str | None = None


_EXISTS = "SELECT to_regclass('authly.instance_claim') IS NOT NULL"
_FIND = "SELECT owner FROM authly.instance_claim"
_TAKE = """
INSERT INTO authly.instance_claim (owner, uid) VALUES (%(owner)s, %(uid)s)
ON CONFLICT (singleton) DO UPDATE
SET owner = excluded.owner, uid = excluded.uid, claimed_at = now()
WHERE (instance_claim.owner, instance_claim.uid) <> (excluded.owner, excluded.uid)
"""


def check(connection: Connection, claimant: Claimant) -> None:
    """Refuse to touch a database of somebody else; one of the same name was created again.

    Raises:
        MigrationError: another AuthlyServer has it.
    """
    if connection.execute(_EXISTS).fetchone() != (True,):
        return
    found = connection.execute(_FIND).fetchone()
    if found is None or found[0] in (claimant.owner, claimant.taken_from):
        return
    message = (
        f"the database belongs to AuthlyServer {found[0]}, and not to {claimant.owner}:"
        " give each a database of its own"
    )
    raise MigrationError(message)


def take(connection: Connection, claimant: Claimant) -> None:
    """Make it the claimant's, after `check` and under the lock of migrations."""
    connection.execute(_TAKE, {"owner": claimant.owner, "uid": claimant.uid})
