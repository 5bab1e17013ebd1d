"""A restore from beginning to end: everything into a new database, which then takes the name.

Until the names are exchanged the present database is only read; afterwards it stays under the name
`<name>_before_<id>`. Each step finds out what was done already, so that a restore that was killed
anywhere is finished by running it again with the same id.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from authly_server.backup import destination, job, loading, manifest, names
from authly_server.backup.destination import Destination
from authly_server.backup.errors import BackupError
from authly_server.backup.manifest import Manifest
from authly_server.storage import databases, errors, fence, migration, revisions
from authly_server.storage.databases import Site
from authly_server.storage.fence import Revoke


Step = Callable[[str], None]
"""Is told the name of each step as it begins."""
SAFETY_SUFFIX: Final = "-before-restore"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is to be restored, and how."""

    restore_id: str
    url: str = field(repr=False)
    server_url: str | None = field(default=None, repr=False)
    operator_url: str | None = field(default=None, repr=False)
    name: str
    """What the names of this server's backups begin with."""
    file_name: str | None = None
    """None for the youngest."""
    revoke: Revoke = Revoke.ISSUED_AFTER_BACKUP
    key: job.Key | None = field(default=None, repr=False)
    safety_backup: bool = True
    now: datetime


@dataclass(frozen=True, slots=True)
class Restored:
    """What is there now; `replaced` is the name that the database of before has, if there was."""

    manifest: Manifest
    replaced: str | None
    revoke: Revoke


def run(wanted: Wanted, place: Destination, step: Step = lambda _: None) -> Restored:
    """Restore a backup.

    Raises:
        BackupError: nothing was exchanged; the present database is as it was.
    """
    try:
        return _run(wanted, place, step)
    except errors.MigrationError as error:
        raise BackupError(str(error)) from error


def _run(wanted: Wanted, place: Destination, step: Step) -> Restored:
    site = databases.site(wanted.url, wanted.restore_id)
    if (file_name := wanted.file_name or _youngest(wanted, place)) is None:
        message = f"there is no backup of {wanted.name}"
        raise BackupError(message)
    if _is_done(site, wanted.restore_id):
        return _restored(site, manifest_of(place, file_name), wanted.revoke)
    _back_up(wanted, site, place, step)
    step("Checksum")
    told = loading.verify(place, file_name)
    _check_revision(told)
    _load(wanted, site, place, told, step)
    step("Migrate")
    scratch = site.url_of(site.scratch)
    if not _is_cut_in_the_middle(site):
        migration.run(scratch, server_url=wanted.server_url, operator_url=wanted.operator_url)
        step("Fence")
        revoke = _fence(wanted, site, told)
    else:
        revoke = wanted.revoke
    step("Swap")
    with databases.beside(site) as connection:
        databases.exchange(connection, site)
        databases.mark(connection, site.name, _mark(wanted.restore_id, "Done"))
    return _restored(site, told, revoke)


def manifest_of(place: Destination, file_name: str) -> Manifest:
    """The manifest of a backup.

    Raises:
        BackupError: there is none.
    """
    return manifest.parse(destination.read_text(place, names.companions(file_name)[2]))


def _youngest(wanted: Wanted, place: Destination) -> str | None:
    return names.youngest(wanted.name, place.names())


def _mark(restore_id: str, state: str) -> str:
    return f"authly restore {restore_id}: {state}"


def _is_done(site: Site, restore_id: str) -> bool:
    with databases.beside(site) as connection:
        return databases.mark_of(connection, site.name) == _mark(restore_id, "Done")


def _is_cut_in_the_middle(site: Site) -> bool:
    """Whether the first of the two renamings was done, and not the second."""
    with databases.beside(site) as connection:
        return not databases.exists(connection, site.name) and databases.exists(
            connection, site.before
        )


def _check_revision(told: Manifest) -> None:
    if told.schema_revision > revisions.latest():
        message = (
            f"{told.file_name} has schema revision {told.schema_revision}, newer than this"
            f" program's {revisions.latest()}: restore it with a newer authly-server"
        )
        raise BackupError(message)


def _back_up(wanted: Wanted, site: Site, place: Destination, step: Step) -> None:
    """What is there now, as long as there is something, and it is not begun to be replaced."""
    step("PreBackup")
    with databases.beside(site) as connection:
        begun = databases.exists(connection, site.scratch)
        there = databases.exists(connection, site.name)
    if begun or not there or not wanted.safety_backup or not fence.can_be_read(wanted.url):
        return
    job.run(
        wanted.url,
        place,
        name=f"{wanted.name}{SAFETY_SUFFIX}",
        retention_days=36_500,
        now=wanted.now,
        key=wanted.key,
    )


def _load(wanted: Wanted, site: Site, place: Destination, told: Manifest, step: Step) -> None:
    """Into an empty database, unless it is there already and all of it was loaded."""
    step("Load")
    loaded = _mark(wanted.restore_id, f"Loaded {told.file_name}")
    with databases.beside(site) as connection:
        if databases.mark_of(connection, site.scratch) == loaded:
            return
        databases.create_anew(connection, site.scratch)
    url = site.url_of(site.scratch)
    loading.load(place, told, wanted.key.key if wanted.key else None, url)
    loading.check_rows(told, url)
    with databases.beside(site) as connection:
        databases.mark(connection, site.scratch, loaded)


def _fence(wanted: Wanted, site: Site, told: Manifest) -> Revoke:
    """Where the present database is lost, everything is revoked, whatever was asked for."""
    readable = fence.can_be_read(wanted.url)
    revoke = wanted.revoke if readable else Revoke.ALL
    fence.apply(
        site.url_of(site.scratch),
        wanted.url if readable else None,
        begun_at=told.begun_at,
        revoke=revoke,
    )
    return revoke


def _restored(site: Site, told: Manifest, revoke: Revoke) -> Restored:
    with databases.beside(site) as connection:
        replaced = site.before if databases.exists(connection, site.before) else None
    return Restored(told, replaced, revoke)
