"""Where a backup is read from: a replica that has caught up where there is one, or the primary."""

from collections.abc import Callable
from typing import TypeVar

from authly_server.backup.errors import BackupError
from authly_server.storage import errors, replica


Made = TypeVar("Made")


def read(
    url: str, replica_host: str | None, dump: Callable[[str], Made], tell: Callable[..., object]
) -> Made:
    """What `dump` makes of the URL of the one, or else of the other.

    Whatever is wrong with a replica, also half-way, costs no backup: the primary is read then.

    Raises:
        BackupError: the primary's, where that cannot be dumped either.
    """
    if replica_host:
        try:
            source = replica.find(url, replica_host)
            tell("backup_source", replica=replica_host)
            return dump(source)
        except (BackupError, errors.MigrationError) as error:
            tell("backup_source", primary=True, reason=str(error))
    return dump(url)
