"""One backup from beginning to end: dump, keep, then let the old ones go."""

import functools
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from authly_server.backup import dump, encryption, manifest, names, retention, source
from authly_server.backup.destination import Destination
from authly_server.backup.dump import Written
from authly_server.backup.errors import BackupError
from authly_server.backup.handover import Handed
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
    handed: Handed | None = None,
    tell: Tell = lambda *_, **__: None,
) -> Backup:
    """Back the database of `url` up as `name`; only a backup that succeeded lets others go.

    It is read from the replica at `replica_host` where there is one that has caught up; or the dump
    was `handed` over already, and is kept.

    Raises:
        BackupError: no backup was made, or an old one could not be deleted.
    """
    begun = handed.begun_at if handed else now
    file_name = names.build(name, begun, encrypted=key is not None)
    keep = functools.partial(
        _keep, destination=destination, file_name=file_name, begun=begun, key=key, tell=tell
    )
    if handed is None:
        made = source.read(url, replica_host, functools.partial(_dump, keep), tell)
    else:
        made = _take(keep, handed, tell)
    there = destination.names()
    expired = retention.judge(name, there, now=now, days=retention_days, keep_last=keep_last)
    for old in expired:
        destination.delete(old)
    kept = (names.parse(name, each) for each in there if each not in expired)
    oldest = min((begun for begun in kept if begun is not None), default=made.begun_at)
    return Backup(made, tuple(expired), oldest)


def _dump(keep: Callable[..., Manifest], url: str) -> Manifest:
    try:
        with snapshot.held(url) as moment:
            return keep(moment, functools.partial(dump.stream, url, snapshot=moment.id))
    except errors.MigrationError as error:
        raise BackupError(str(error)) from error


def _take(keep: Callable[..., Manifest], handed: Handed, tell: Tell) -> Manifest:
    if handed.told:
        tell("backup_source", **handed.told)
    try:
        with handed.path.open("rb") as file:
            return keep(handed, functools.partial(dump.pack, file))
    except OSError as error:
        message = f"{handed.path}: {error.strerror}"
        raise BackupError(message) from error


def _keep(
    moment: Snapshot | Handed,
    content: Callable[..., Written],
    *,
    destination: Destination,
    file_name: str,
    begun: datetime,
    key: Key | None,
    tell: Tell,
) -> Manifest:
    """Write what the dump of that moment is `content` to give, and make it visible in the end."""
    seal = functools.partial(encryption.Sealing, key.key, key.salt) if key else None
    with destination.open(file_name) as upload:
        tell("backup_begun", file_name=file_name, counts=moment.counts)
        progress = _Progress(functools.partial(tell, "backup_progress", file_name=file_name))
        written = content(progress.watching(upload.write), seal=seal)
        made = Manifest(
            file_name=file_name,
            begun_at=begun,
            seconds=round(progress.seconds, 3),
            size=written.size,
            sha256=written.sha256,
            encrypted=key is not None,
            schema_revision=moment.schema_revision,
            postgres_version=moment.postgres_version,
            counts=moment.counts,
        )
        upload.commit(made.sha256, manifest.text(made))
    return made


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
