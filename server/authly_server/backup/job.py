"""One backup from beginning to end: dump, keep, then let the old ones go."""

import functools
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from authly_server.backup import dump, encryption, manifest, names, retention, source
from authly_server.backup.destination import Destination, Upload
from authly_server.backup.errors import BackupError
from authly_server.backup.manifest import Manifest
from authly_server.storage import errors, snapshot
from authly_server.storage.snapshot import Snapshot


Tell = Callable[..., object]
"""Takes an event's name and its facts."""
PROGRESS_SECONDS: Final = 10.0


@dataclass(frozen=True, slots=True)
class Key:
    """An encryption key, and the salt that was drawn for this backup."""

    key: bytes
    salt: bytes


@dataclass(frozen=True, slots=True)
class Backup:
    """What was made, what went, and when the oldest of those that stay was begun."""

    manifest: Manifest
    deleted: tuple[str, ...]
    oldest: datetime


def run(
    url: str,
    destination: Destination,
    *,
    name: str,
    retention_days: int,
    now: datetime,
    keep_last: int = 1,
    key: Key | None = None,
    replica_host: str | None = None,
    tell: Tell = lambda *_, **__: None,
) -> Backup:
    """Back the database of `url` up as `name`; only a backup that succeeded lets others go.

    It is read from the replica at `replica_host` where there is one that has caught up.

    Raises:
        BackupError: no backup was made, or an old one could not be deleted.
    """
    file_name = names.build(name, now, encrypted=key is not None)
    dumped = functools.partial(
        _dump, destination=destination, file_name=file_name, now=now, key=key, tell=tell
    )
    made = source.read(url, replica_host, dumped, tell)
    there = destination.names()
    expired = retention.judge(name, there, now=now, days=retention_days, keep_last=keep_last)
    for old in expired:
        destination.delete(old)
    kept = (names.parse(name, each) for each in there if each not in expired)
    oldest = min((begun for begun in kept if begun is not None), default=made.begun_at)
    return Backup(made, tuple(expired), oldest)


def _dump(
    url: str,
    *,
    destination: Destination,
    file_name: str,
    now: datetime,
    key: Key | None,
    tell: Tell,
) -> Manifest:
    try:
        with snapshot.held(url) as moment, destination.open(file_name) as upload:
            tell("backup_begun", file_name=file_name, counts=moment.counts)
            made = _write(upload, moment, url=url, file_name=file_name, now=now, key=key, tell=tell)
            upload.commit(made.sha256, manifest.text(made))
    except errors.MigrationError as error:
        raise BackupError(str(error)) from error
    return made


def _write(
    upload: Upload,
    moment: Snapshot,
    *,
    url: str,
    file_name: str,
    now: datetime,
    key: Key | None,
    tell: Tell,
) -> Manifest:
    progress = _Progress(functools.partial(tell, "backup_progress", file_name=file_name))
    written = dump.stream(
        url,
        progress.watching(upload.write),
        snapshot=moment.id,
        seal=functools.partial(encryption.Sealing, key.key, key.salt) if key else None,
    )
    return Manifest(
        file_name=file_name,
        begun_at=now,
        seconds=round(progress.seconds, 3),
        size=written.size,
        sha256=written.sha256,
        encrypted=key is not None,
        schema_revision=moment.schema_revision,
        postgres_version=moment.postgres_version,
        counts=moment.counts,
    )


class _Progress:
    """Tells every ten seconds how many bytes have gone out."""

    def __init__(self, tell: Callable[..., object]) -> None:
        self._tell = tell
        self._begun = self._told = time.monotonic()
        self._size = 0

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._begun

    def watching(self, write: Callable[[bytes], object]) -> Callable[[bytes], object]:
        def watched(block: bytes) -> None:
            write(block)
            self._size += len(block)
            if time.monotonic() - self._told >= PROGRESS_SECONDS:
                self._told = time.monotonic()
                self._tell(size=self._size, seconds=round(self.seconds, 1))

        return watched
