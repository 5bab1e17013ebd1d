"""One backup from beginning to end: dump, keep, then let the old ones go."""

from dataclasses import dataclass
from datetime import datetime

from authly_server.backup import dump, names, retention
from authly_server.backup.destination import Destination


@dataclass(frozen=True, slots=True)
class Backup:
    """What was made and what went; `size` in bytes."""

    file_name: str
    size: int
    sha256: str
    deleted: tuple[str, ...]


def run(
    url: str, destination: Destination, *, name: str, retention_days: int, now: datetime
) -> Backup:
    """Back the database of `url` up as `name`; only a backup that succeeded lets others go.

    Raises:
        BackupError: no backup was made, or an old one could not be deleted.
    """
    file_name = names.build(name, now)
    with destination.open(file_name) as upload:
        written = dump.stream(url, upload.write)
        upload.commit(written.sha256)
    expired = retention.judge(name, destination.names(), now=now, days=retention_days)
    for old in expired:
        destination.delete(old)
    return Backup(file_name, written.size, written.sha256, tuple(expired))
