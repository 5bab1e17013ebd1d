"""`authly-server COMMAND`; settings by environment.

Exit codes: 0 done, 1 failed (one line on stderr), 2 a wrong setting or argument (one line each).
"""

import argparse
import dataclasses
import functools
import os
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from authly_server import backup_commands, conclusion, setting_rules, settings as configuration
from authly_server.settings import Settings


if TYPE_CHECKING:
    from authly_server.storage.bootstrap import Administrator
    from authly_server.storage.claim import Claimant


COMMANDS = {
    "serve": "answer clients and people until asked to stop (SIGTERM)",
    "migrate": "bring the database to this version's schema; make roles and the first user",
    "lock-roles": "lock the roles of SERVER_DATABASE_URL and OPERATOR_DATABASE_URL, used no more",
    "maintain": "remove what has expired from the database; to be run once a day",
    "prepare-backup": "write down how a container of PostgreSQL makes the dump for `backup`",
    "backup": "write a dump of the database to a directory or a bucket, and remove old ones",
    "verify-backup": "restore the youngest backup into a database of its own, and drop that again",
    "restore": "load a backup into a new database, which then takes the place of the present one",
    "decrypt": "decrypt a backup from stdin to stdout with BACKUP_ENCRYPTION_KEY",
    "check-config": "tell whether `serve` could start with the settings of the environment",
    "settings": "print every setting with its default and its meaning",
}
_EPILOG = """\
Settings are environment variables: `authly-server settings` lists them all.
Exit codes: 0 done, 1 failed (one line says why), 2 a wrong setting or argument (one line each).
"""


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
        if command != "serve":  # which answers meanwhile that it is not ready
            _await_database(settings)
            settings = _as_owner(settings, command)
        return _plan(settings) if getattr(asked, "plan", False) else _RUN[command](settings)
    except conclusion.Failure as failure:
        conclusion.explain(f"authly-server {command}: {failure}")
        return 1


def _await_database(settings: Settings) -> None:
    from authly_server.storage import reachability  # noqa: PLC0415

    def tell(address: str) -> None:
        facts = {"address": address, "seconds": reachability.SECONDS}
        conclusion.tell("database_awaited", reason="it refuses connections", **facts)

    reachability.wait(settings.database_url, tell)


def _as_owner(settings: Settings, command: str) -> Settings:
    """With the URL by which the owner can sign in; a migration sees to it that it is the first."""
    from authly_server.storage import errors, owner  # noqa: PLC0415

    usable = owner.usable(
        settings.database_url, settings.next_database_url, settings.former_database_url
    )
    if command != "migrate" or usable != settings.former_database_url:
        return settings.model_copy(update={"database_url": usable})
    try:
        owner.set_passwords(usable, settings.database_url, settings.replication_url)
    except errors.MigrationError as error:
        raise conclusion.Failure(str(error)) from error
    return settings


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


# Each command imports what it needs when it runs: migrating needs no HTTP server, and serving
# needs no S3 client.


def _serve(settings: Settings) -> int:
    from authly_server import app  # noqa: PLC0415

    try:
        return app.run(settings)
    except OSError as error:
        message = f"cannot listen: {error.strerror or error}"
        raise conclusion.Failure(message) from error


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
            claimant=_claimant(settings),
        )
    except errors.MigrationError as error:
        raise conclusion.Failure(str(error)) from error
    except passwords.InvalidPassword as error:
        message = f"ADMIN_PASSWORD: {error}"
        raise conclusion.Failure(message) from error
    return conclusion.report(event="migrated", **dataclasses.asdict(migrated))


def _plan(settings: Settings) -> int:
    from authly_server.storage import errors, migration  # noqa: PLC0415

    try:
        planned = migration.plan(settings.database_url)
    except errors.MigrationError as error:
        raise conclusion.Failure(str(error)) from error
    return conclusion.report(event="planned", **dataclasses.asdict(planned))


def _administrator(settings: Settings) -> "Administrator | None":
    from authly_server.storage.bootstrap import Administrator  # noqa: PLC0415
    from authly_server.users import passwords  # noqa: PLC0415

    password = settings.admin_password
    if not settings.admin_email or not password:
        return None
    return Administrator(
        settings.admin_email,
        functools.partial(passwords.hash_now, password, settings.password_hash_cost),
        functools.partial(passwords.matches_now, password),
    )


def _claimant(settings: Settings) -> "Claimant | None":
    from authly_server.storage.claim import Claimant  # noqa: PLC0415

    if not settings.instance_owner or not settings.instance_uid:
        return None
    return Claimant(
        owner=settings.instance_owner,
        uid=settings.instance_uid,
        taken_from=settings.instance_taken_from,
    )


def _lock_roles(settings: Settings) -> int:
    from authly_server.storage import errors, role_lock  # noqa: PLC0415

    try:
        locked = role_lock.run(
            settings.database_url,
            settings.server_database_url,
            settings.operator_database_url,
            owners=(settings.next_database_url, settings.replication_url),
        )
    except errors.MigrationError as error:
        raise conclusion.Failure(str(error)) from error
    return conclusion.report(event="roles_locked", roles=locked)


def _maintain(settings: Settings) -> int:
    from authly_server.storage import errors, maintenance  # noqa: PLC0415

    try:
        removed = maintenance.run(settings.database_url)
    except errors.MigrationError as error:
        raise conclusion.Failure(str(error)) from error
    return conclusion.report(event="maintained", removed=removed)


def _check_config() -> int:
    """All that is wrong at once: values, what they say together, and the files that they name."""
    from authly_server import assembly  # noqa: PLC0415

    reading = configuration.read(os.environ, setting_rules.SERVING)
    lines = [*reading.lines, *assembly.faults(reading.settings, reading.wrong)]
    if lines:
        return _tell_wrong(lines)
    return conclusion.report(
        event="configuration_valid", without_effect=reading.settings.without_effect
    )


_RUN: dict[str, Callable[[Settings], int]] = {
    "serve": _serve,
    "migrate": _migrate,
    "lock-roles": _lock_roles,
    "maintain": _maintain,
    "prepare-backup": backup_commands.prepare,
    "backup": backup_commands.backup,
    "verify-backup": backup_commands.verify,
    "restore": backup_commands.restore,
}
_RULES = dict.fromkeys(_RUN, setting_rules.TOGETHER) | {"serve": setting_rules.SERVING}
# Whatever the settings are.
_RUN_ANYWAY: dict[str, Callable[[], int]] = {
    "check-config": _check_config,
    "decrypt": backup_commands.decrypt,
    "settings": _print_settings,
}


if __name__ == "__main__":
    sys.exit(main())
