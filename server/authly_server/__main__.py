"""`authly-server COMMAND`; settings by environment.

Exit codes: 0 done, 1 failed (one line on stderr), 2 a wrong setting or argument (one line each).
"""

import argparse
import dataclasses
import functools
import json
import os
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from authly_server import settings as configuration
from authly_server.settings import Settings


if TYPE_CHECKING:
    from authly_server.backup import job
    from authly_server.backup.destination import Destination


COMMANDS = {
    "serve": "answer clients and people until asked to stop (SIGTERM)",
    "migrate": "bring the database to this version's schema; make roles and the first user",
    "lock-roles": "lock the roles of SERVER_DATABASE_URL and OPERATOR_DATABASE_URL, used no more",
    "maintain": "remove what has expired from the database; to be run once a day",
    "backup": "write a dump of the database to a directory or a bucket, and remove old ones",
    "restore": "load a backup into a new database, which then takes the place of the present one",
    "decrypt": "decrypt a backup from stdin to stdout with BACKUP_ENCRYPTION_KEY",
    "check-config": "tell whether `serve` could start with the settings of the environment",
    "settings": "print every setting with its default and its meaning",
}
_EPILOG = """\
Settings are environment variables: `authly-server settings` lists them all.
Exit codes: 0 done, 1 failed (one line says why), 2 a wrong setting or argument (one line each).
"""
# Kubernetes shows what a container wrote there as the reason of its end.
TERMINATION_LOG = Path("/dev/termination-log")


class Failure(Exception):  # noqa: N818  # not an error of the program: the line to end with
    """A command failed; the text is the one line that says why."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and answer its exit code."""
    asked = _parser().parse_args(arguments)
    command = asked.command
    if command in _RUN_ANYWAY:
        return _RUN_ANYWAY[command]()
    try:
        settings = configuration.load(os.environ, _RULES[command])
    except configuration.SettingsError as error:
        return _tell_wrong(error.lines)
    try:
        return _plan(settings) if getattr(asked, "plan", False) else _RUN[command](settings)
    except Failure as failure:
        _explain(f"authly-server {command}: {failure}")
        return 1


def _tell_wrong(lines: Sequence[str]) -> int:
    sys.stderr.writelines(f"{line}\n" for line in lines)
    return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="authly-server",
        description="An OAuth 2.1 and OpenID Connect authorization server.",
        epilog=f"commands:\n{_listed()}\n\n{_EPILOG}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(
        dest="command", metavar="COMMAND", help="one of those below", required=True
    )
    made = {
        name: commands.add_parser(name, description=f"{meaning[:1].upper()}{meaning[1:]}.")
        for name, meaning in COMMANDS.items()
    }
    made["migrate"].add_argument(
        "--plan", action="store_true", help="print what is missing, and change nothing"
    )
    return parser


def _listed() -> str:
    """A line for each command, which argparse would break into two."""
    width = max(map(len, COMMANDS))
    return "\n".join(f"  {name:{width}}  {meaning}" for name, meaning in COMMANDS.items())


def _print_settings() -> int:
    from authly_server import setting_table  # noqa: PLC0415

    try:
        sys.stdout.write(setting_table.text())
        sys.stdout.flush()
    except BrokenPipeError:
        # Whoever reads has seen enough, as `head` does; the interpreter would flush once more.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


def _explain(line: str) -> None:
    sys.stderr.write(f"{line}\n")
    _leave_behind(line)


def _leave_behind(line: str) -> None:
    try:
        if TERMINATION_LOG.exists():
            TERMINATION_LOG.write_text(line)
    except OSError:
        return  # outside of Kubernetes nobody reads it


def _report(**facts: object) -> int:
    """The last line of a command that succeeded; the operator reads it as the container's end."""
    line = json.dumps(facts)
    sys.stdout.write(line + "\n")
    _leave_behind(line)
    return 0


def _tell(event: str, **facts: object) -> None:
    sys.stdout.write(json.dumps({"event": event, **facts}) + "\n")
    sys.stdout.flush()


# Each command imports what it needs when it runs: migrating needs no HTTP server, and serving
# needs no S3 client.


def _serve(settings: Settings) -> int:
    from authly_server import app  # noqa: PLC0415

    try:
        return app.run(settings)
    except OSError as error:
        message = f"cannot listen: {error.strerror or error}"
        raise Failure(message) from error


def _migrate(settings: Settings) -> int:
    from authly_server.storage import errors, migration  # noqa: PLC0415
    from authly_server.users import passwords  # noqa: PLC0415

    try:
        migrated = migration.run(
            settings.database_url,
            server_url=settings.server_database_url,
            operator_url=settings.operator_database_url,
            extensions=settings.database_extensions,
            administrator=_administrator(settings),
        )
    except errors.MigrationError as error:
        raise Failure(str(error)) from error
    except passwords.InvalidPassword as error:
        message = f"ADMIN_PASSWORD: {error}"
        raise Failure(message) from error
    return _report(event="migrated", **dataclasses.asdict(migrated))


def _plan(settings: Settings) -> int:
    from authly_server.storage import errors, migration  # noqa: PLC0415

    try:
        planned = migration.plan(settings.database_url)
    except errors.MigrationError as error:
        raise Failure(str(error)) from error
    return _report(event="planned", **dataclasses.asdict(planned))


def _administrator(settings: Settings) -> tuple[str, Callable[[], str]] | None:
    from authly_server.users import passwords  # noqa: PLC0415

    if not settings.admin_email or not settings.admin_password:
        return None
    return settings.admin_email, functools.partial(
        passwords.hash_now, settings.admin_password, settings.password_hash_cost
    )


def _lock_roles(settings: Settings) -> int:
    from authly_server.storage import errors, role_lock  # noqa: PLC0415

    try:
        locked = role_lock.run(
            settings.database_url, settings.server_database_url, settings.operator_database_url
        )
    except errors.MigrationError as error:
        raise Failure(str(error)) from error
    return _report(event="roles_locked", roles=locked)


def _maintain(settings: Settings) -> int:
    from authly_server.storage import errors, maintenance  # noqa: PLC0415

    try:
        removed = maintenance.run(settings.database_url)
    except errors.MigrationError as error:
        raise Failure(str(error)) from error
    return _report(event="maintained", removed=removed)


def _backup(settings: Settings) -> int:
    from authly_server import clock  # noqa: PLC0415
    from authly_server.backup import errors, job  # noqa: PLC0415

    signal.signal(signal.SIGTERM, _leave)
    try:
        made = job.run(
            settings.database_url,
            _destination(settings),
            name=settings.backup_name,
            retention_days=settings.backup_retention_days,
            keep_last=settings.backup_keep_last,
            key=_key(settings),
            now=clock.SystemClock().now(),
            tell=_tell,
        )
    except errors.BackupError as error:
        raise Failure(str(error)) from error
    facts = dataclasses.asdict(made.manifest) | {"begun_at": made.manifest.begun_at.isoformat()}
    return _report(event="backed_up", **facts, deleted=made.deleted)


def _restore(settings: Settings) -> int:
    from authly_server import clock  # noqa: PLC0415
    from authly_server.backup import errors, restore  # noqa: PLC0415
    from authly_server.storage.fence import Revoke  # noqa: PLC0415

    signal.signal(signal.SIGTERM, _leave)
    if not settings.restore_id:
        message = "RESTORE_ID must be set: letters and digits of your choice, others each time"
        raise Failure(message)
    try:
        wanted = restore.Wanted(
            restore_id=settings.restore_id,
            url=settings.database_url,
            server_url=settings.server_database_url,
            operator_url=settings.operator_database_url,
            name=settings.backup_name,
            file_name=settings.restore_backup or None,
            revoke=Revoke(settings.restore_revoke_tokens),
            key=_key(settings),
            safety_backup=settings.restore_safety_backup,
            now=clock.SystemClock().now(),
        )
        place = _destination(settings)
        done = restore.run(wanted, place, lambda step: _tell("restore_step", step=step))
    except errors.BackupError as error:
        raise Failure(str(error)) from error
    return _report(
        event="restored",
        file_name=done.manifest.file_name,
        begun_at=done.manifest.begun_at.isoformat(),
        counts=done.manifest.counts,
        replaced=done.replaced,
        revoked=done.revoke.value,
    )


def _key(settings: Settings) -> "job.Key | None":
    from authly_server import entropy  # noqa: PLC0415
    from authly_server.backup import encryption, job  # noqa: PLC0415

    if not settings.backup_encryption_key:
        return None
    key = encryption.parse_key(settings.backup_encryption_key)
    return job.Key(key, entropy.draw(encryption.SALT_BYTES))


def _decrypt() -> int:
    """From stdin to stdout: nothing of a chunk is written before it was verified."""
    from authly_server.backup import encryption, errors  # noqa: PLC0415

    try:
        key = encryption.parse_key(os.environ.get("BACKUP_ENCRYPTION_KEY", ""))
        blocks = iter(functools.partial(sys.stdin.buffer.read, encryption.CHUNK), b"")
        for chunk in encryption.opened(key, blocks):
            sys.stdout.buffer.write(chunk)
        sys.stdout.buffer.flush()
    except errors.BackupError as error:
        _explain(f"authly-server decrypt: {error}")
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
        raise Failure(message)
    from authly_server.backup import bucket  # noqa: PLC0415

    return bucket.Bucket(
        settings.backup_s3_bucket,
        prefix=settings.backup_s3_prefix,
        endpoint=settings.backup_s3_endpoint,
        region=settings.backup_s3_region,
        storage_class=settings.backup_s3_storage_class,
        access_key_id=settings.aws_access_key_id,
        secret_access_key=settings.aws_secret_access_key,
    )


def _check_config() -> int:
    """All that is wrong at once: values, what they say together, and the files that they name."""
    from authly_server import assembly  # noqa: PLC0415

    reading = configuration.read(os.environ, configuration.SERVING)
    lines = [*reading.lines, *assembly.faults(reading.settings, reading.wrong)]
    if lines:
        return _tell_wrong(lines)
    return _report(event="configuration_valid", without_effect=reading.settings.without_effect)


_RUN: dict[str, Callable[[Settings], int]] = {
    "serve": _serve,
    "migrate": _migrate,
    "lock-roles": _lock_roles,
    "maintain": _maintain,
    "backup": _backup,
    "restore": _restore,
}
_RULES = dict.fromkeys(_RUN, configuration.TOGETHER) | {"serve": configuration.SERVING}
# Whatever the settings are.
_RUN_ANYWAY: dict[str, Callable[[], int]] = {
    "check-config": _check_config,
    "decrypt": _decrypt,
    "settings": _print_settings,
}


if __name__ == "__main__":
    sys.exit(main())
