"""The commands `prepare-backup`, `backup`, `verify-backup`, `restore` and `decrypt`.

Each imports what it needs when it runs: a directory needs no S3 client, which is slow to import.
"""

import dataclasses
import functools
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final, NoReturn

from authly_server import conclusion
from authly_server.settings import Settings


if TYPE_CHECKING:
    from authly_server.backup import job
    from authly_server.backup.destination import Destination
    from authly_server.backup.manifest import Manifest


_SHOWN: Final = 10
"""Names in the last line, which Kubernetes keeps 4096 bytes of; all are told on the way."""


def prepare(settings: Settings) -> int:
    """Write down how a container with the database's own pg_dump makes the dump of a backup."""
    from authly_server import clock  # noqa: PLC0415
    from authly_server.backup import errors, handover  # noqa: PLC0415

    order, dumps = settings.backup_order_directory, settings.backup_dump_directory
    if not order or not dumps:
        message = "BACKUP_ORDER_DIRECTORY and BACKUP_DUMP_DIRECTORY must be set"
        raise conclusion.Failure(message)
    try:
        handover.prepare(
            settings.database_url,
            settings.backup_replica_host,
            handover.Places(Path(order), Path(dumps)),
            begun_at=clock.SystemClock().now(),
        )
    except errors.BackupError as error:
        raise conclusion.Failure(str(error)) from error
    return conclusion.report(event="backup_prepared")


def backup(settings: Settings) -> int:
    """Write a backup, let old ones go, and restore the new one to see that it can be."""
    from authly_server import clock  # noqa: PLC0415
    from authly_server.backup import errors, handover, job  # noqa: PLC0415

    signal.signal(signal.SIGTERM, _leave)
    dumps = _path(settings.backup_dump_directory)
    try:
        place = _destination(settings)
        made = job.run(
            settings.database_url,
            place,
            name=settings.backup_name,
            retention_days=settings.backup_retention_days,
            keep_last=settings.backup_keep_last,
            key=_key(settings),
            replica_host=settings.backup_replica_host,
            handed=handover.read(dumps) if dumps else None,
            now=clock.SystemClock().now(),
            tell=conclusion.tell,
        )
        if dumps:
            handover.clear(dumps)
        if made.deleted:
            conclusion.tell("backups_deleted", file_names=made.deleted)
        if settings.backup_verify:
            _verify(settings, place, made.manifest.file_name)
    except errors.BackupError as error:
        raise conclusion.Failure(str(error)) from error
    facts = dataclasses.asdict(made.manifest) | {"begun_at": made.manifest.begun_at.isoformat()}
    return conclusion.report(
        event="backed_up",
        **facts,
        deleted=made.deleted[:_SHOWN],
        oldest_begun_at=made.oldest.isoformat(),
        verified=settings.backup_verify,
    )


def verify(settings: Settings) -> int:
    """Restore a backup beside the database, the youngest unless one is named, and drop it again."""
    from authly_server.backup import errors  # noqa: PLC0415

    signal.signal(signal.SIGTERM, _leave)
    try:
        told = _verify(settings, _destination(settings), settings.restore_backup or None)
    except errors.BackupError as error:
        raise conclusion.Failure(str(error)) from error
    return conclusion.report(
        event="backup_verified",
        file_name=told.file_name,
        begun_at=told.begun_at.isoformat(),
        counts=told.counts,
    )


def _verify(settings: Settings, place: "Destination", file_name: str | None) -> "Manifest":
    from authly_server.backup import verification  # noqa: PLC0415

    return verification.run(
        settings.database_url,
        place,
        name=settings.backup_name,
        key=_key(settings),
        file_name=file_name,
        restore_id=settings.restore_id,
        issuer=settings.issuer,
    )


def restore(settings: Settings) -> int:
    """Bring a backup back."""
    from authly_server import clock  # noqa: PLC0415
    from authly_server.backup import errors, restore as restoring  # noqa: PLC0415
    from authly_server.storage.fence import Revoke  # noqa: PLC0415

    signal.signal(signal.SIGTERM, _leave)
    if not settings.restore_id:
        message = "RESTORE_ID must be set: letters and digits of your choice, others each time"
        raise conclusion.Failure(message)
    try:
        wanted = restoring.Wanted(
            restore_id=settings.restore_id,
            url=settings.database_url,
            server_url=settings.server_database_url,
            operator_url=settings.operator_database_url,
            name=settings.backup_name,
            file_name=settings.restore_backup or None,
            revoke=Revoke(settings.restore_revoke_tokens),
            key=_key(settings),
            safety_backup=settings.restore_safety_backup,
            dumps=_path(settings.backup_dump_directory),
            order=_path(settings.backup_order_directory),
            step=settings.restore_step or None,
            now=clock.SystemClock().now(),
        )
        place = _destination(settings)
        done = restoring.run(wanted, place, lambda step: conclusion.tell("restore_step", step=step))
    except errors.BackupError as error:
        raise conclusion.Failure(str(error)) from error
    return conclusion.report(
        event="restore_step_done" if settings.restore_step not in {"", "Swap"} else "restored",
        step=settings.restore_step or "Swap",
        file_name=done.manifest.file_name,
        begun_at=done.manifest.begun_at.isoformat(),
        counts=done.manifest.counts,
        replaced=done.replaced,
        revoked=done.revoke.value,
    )


def _path(directory: str | None) -> Path | None:
    return Path(directory) if directory else None


def _key(settings: Settings) -> "job.Key | None":
    from authly_server import entropy  # noqa: PLC0415
    from authly_server.backup import encryption, job  # noqa: PLC0415

    if not settings.backup_encryption_key:
        return None
    key = encryption.parse_key(settings.backup_encryption_key)
    return job.Key(key, entropy.draw(encryption.SALT_BYTES))


def decrypt() -> int:
    """From stdin to stdout: nothing of a chunk is written before it was verified."""
    from authly_server.backup import encryption, errors  # noqa: PLC0415

    try:
        key = encryption.parse_key(os.environ.get("BACKUP_ENCRYPTION_KEY", ""))
        blocks = iter(functools.partial(sys.stdin.buffer.read, encryption.CHUNK), b"")
        for chunk in encryption.opened(key, blocks):
            sys.stdout.buffer.write(chunk)
        sys.stdout.buffer.flush()
    except errors.BackupError as error:
        conclusion.explain(f"authly-server decrypt: {error}")
        return 1
    return 0


def _leave(number: int, _: object) -> NoReturn:
    """End by an exception, so that a half-written backup is cleared away on the way out."""
    sys.exit(128 + number)


def _destination(settings: Settings) -> "Destination":
    if settings.backup_directory:
        from authly_server.backup import directory  # noqa: PLC0415

        return directory.Directory(Path(settings.backup_directory))
    if not settings.backup_s3_bucket:
        message = "either BACKUP_DIRECTORY or BACKUP_S3_BUCKET must be set"
        raise conclusion.Failure(message)
    from authly_server.backup import bucket  # noqa: PLC0415

    return bucket.Bucket(
        settings.backup_s3_bucket,
        prefix=settings.backup_s3_prefix,
        endpoint=settings.backup_s3_endpoint,
        region=settings.backup_s3_region,
        storage_class=settings.backup_s3_storage_class,
        access_key_id=settings.aws_access_key_id,
        secret_access_key=settings.aws_secret_access_key,
        timeout=settings.backup_s3_timeout_seconds,
    )
