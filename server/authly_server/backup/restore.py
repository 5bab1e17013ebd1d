"""A restore from beginning to end: everything into a new database, which then takes the name.

Until the names are exchanged the present database is only read; afterwards it stays under the name
`<name>_before_<id>`. Each step finds out what was done already, so that a restore that was killed
anywhere is finished by running it again with the same id.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Final

from authly_server.backup import destination, handover, job, loading, manifest, names
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
    dumps: Path | None = None
    """Where a container of PostgreSQL has put the dump for it, as `Prepare` has told it to."""
    order: Path | None = None
    """Where `Prepare` writes that down."""
    step: str | None = None
    """The only one of STEPS to do, where others run those before it, or PREPARE, which is none of
    them; None for all of them."""
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


@dataclass(slots=True)
class _Case:
    """One restore."""

    wanted: Wanted
    site: Site
    place: Destination
    file_name: str

    def told(self) -> Manifest:
        return manifest_of(self.place, self.file_name)

    def url(self) -> str:
        """Of the database that is being made."""
        return self.site.url_of(self.site.scratch)


def _run(wanted: Wanted, place: Destination, step: Step) -> Restored:
    site = databases.site(wanted.url, wanted.restore_id)
    if (file_name := wanted.file_name or _youngest(wanted, place)) is None:
        message = f"there is no backup of {wanted.name}"
        raise BackupError(message)
    case = _Case(wanted, site, place, file_name)
    if not _is_done(site, wanted.restore_id):
        for name in [wanted.step] if wanted.step else STEPS:
            step(name)
            _DONE_BY[name](case)
    return _restored(case)


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


def _is_to_back_up(case: _Case) -> bool:
    """What is there now, as long as there is something, and it is not begun to be replaced."""
    wanted, site = case.wanted, case.site
    with databases.beside(site) as connection:
        begun = databases.exists(connection, site.scratch)
        there = databases.exists(connection, site.name)
    return there and not begun and wanted.safety_backup and fence.can_be_read(wanted.url)


def _prepare(case: _Case) -> None:
    """Have a container of PostgreSQL dump what is there now."""
    wanted = case.wanted
    if wanted.order is None or wanted.dumps is None:
        message = "BACKUP_ORDER_DIRECTORY and BACKUP_DUMP_DIRECTORY must be set to prepare a dump"
        raise BackupError(message)
    places = handover.Places(wanted.order, wanted.dumps)
    if _is_to_back_up(case):
        handover.prepare(wanted.url, None, places, begun_at=wanted.now)
    else:
        handover.prepare_nothing(places, begun_at=wanted.now)


def _back_up(case: _Case) -> None:
    wanted = case.wanted
    handed = handover.read(wanted.dumps) if wanted.dumps else None
    if handed is None if wanted.dumps else not _is_to_back_up(case):
        return
    job.run(
        wanted.url,
        case.place,
        name=f"{wanted.name}{SAFETY_SUFFIX}",
        retention_days=36_500,
        now=wanted.now,
        key=wanted.key,
        handed=handed,
    )
    if wanted.dumps:
        handover.clear(wanted.dumps)


def _fetch(case: _Case) -> None:
    """What it says of itself, which has to be something that this program can bring forward."""
    told = case.told()
    if told.schema_revision > revisions.latest():
        message = (
            f"{told.file_name} has schema revision {told.schema_revision}, newer than this"
            f" program's {revisions.latest()}: restore it with a newer authly-server"
        )
        raise BackupError(message)
    with databases.beside(case.site) as connection:
        loading.check_version(told, databases.major_version(connection))


def _checksum(case: _Case) -> None:
    loading.verify(case.place, case.file_name)


def _load(case: _Case) -> None:
    """Into an empty database, unless it is there already and all of it was loaded."""
    site, told, key = case.site, case.told(), case.wanted.key
    loaded = _mark(case.wanted.restore_id, f"Loaded {told.file_name}")
    with databases.beside(site) as connection:
        if _is_cut_in_the_middle(site) or databases.mark_of(connection, site.scratch) == loaded:
            return
        databases.create_anew(connection, site.scratch)
    loading.load(case.place, told, key.key if key else None, case.url())
    loading.check_rows(told, case.url())
    with databases.beside(site) as connection:
        databases.mark(connection, site.scratch, loaded)


def _migrate(case: _Case) -> None:
    if _is_cut_in_the_middle(case.site):
        return
    wanted = case.wanted
    migration.run(case.url(), server_url=wanted.server_url, operator_url=wanted.operator_url)


def _fence(case: _Case) -> None:
    """Where the present database is lost, everything is revoked, whatever was asked for."""
    if _is_cut_in_the_middle(case.site):
        return
    url, begun_at = case.wanted.url, case.told().begun_at
    readable = fence.can_be_read(url)
    remembers = readable and fence.is_older(url, begun_at)
    fence.apply(
        case.url(),
        url if readable else None,
        begun_at=begun_at,
        revoke=case.wanted.revoke if remembers else Revoke.ALL,
    )


def _swap(case: _Case) -> None:
    site = case.site
    with databases.beside(site) as connection:
        databases.exchange(connection, site)
        databases.mark(connection, site.name, _mark(case.wanted.restore_id, "Done"))


STEPS: Final[Mapping[str, Callable[[_Case], None]]] = {
    "PreBackup": _back_up,
    "Fetch": _fetch,
    "Checksum": _checksum,
    "Load": _load,
    "Migrate": _migrate,
    "Fence": _fence,
    "Swap": _swap,
}
"""In this order. Each may be repeated, and finds out what was done already."""
PREPARE: Final = "Prepare"
"""What may go before the first of them."""
_DONE_BY: Final = {PREPARE: _prepare, **STEPS}


def _restored(case: _Case) -> Restored:
    """What came of it; the fence may have been another process's, and says what it did."""
    site, wanted = case.site, case.wanted
    with databases.beside(site) as connection:
        replaced = site.before if databases.exists(connection, site.before) else None
    is_done = _is_done(site, wanted.restore_id)
    revoked = fence.last_revoked(site.url) if is_done else wanted.revoke
    return Restored(case.told(), replaced, revoked)
