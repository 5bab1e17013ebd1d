"""Where a backup is read from: a replica that has caught up where there is one, or the primary."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from authly_server.backup.errors import BackupError
from authly_server.storage import errors, replica


Made = TypeVar("Made")


@dataclass(frozen=True, slots=True)
class Source:
    """A database to be dumped, and what is told of it."""

    url: str = field(repr=False)
    told: dict[str, str | bool]


def find(url: str, replica_host: str | None) -> tuple[Source, ...]:
    """What to dump, and what instead where that fails: nothing wrong with a replica costs a backup.

    Nothing is told where there is no choice.
    """
    if not replica_host:
        return (Source(url, {}),)
    failed = f"the replica {replica_host} could not be dumped"
    try:
        there = replica.find(url, replica_host)
    except errors.MigrationError as error:
        return (Source(url, {"primary": True, "reason": str(error)}),)
    primary = Source(url, {"primary": True, "reason": failed})
    return Source(there, {"replica": replica_host}), primary


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
