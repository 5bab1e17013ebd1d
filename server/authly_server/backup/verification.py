"""Whether a backup can be restored, and served: it is, in a database that is dropped again."""

from authly_server.backup import job, loading, login, names
from authly_server.backup.destination import Destination
from authly_server.backup.errors import BackupError
from authly_server.backup.manifest import Manifest
from authly_server.storage import databases, errors, migration


_ID = "verify"


def run(
    url: str,
    place: Destination,
    *,
    name: str,
    key: job.Key | None,
    file_name: str | None = None,
    restore_id: str = "",
    issuer: str | None = None,
) -> Manifest:
    """Restore a backup of `name` beside the database of `url`, migrate it, and log in.

    The youngest where `file_name` is None. Those who verify at the same time have a `restore_id`
    each.

    Raises:
        BackupError: there is none, or it is damaged, has another key, other rows, or a schema that
            this program cannot bring forward; or no server on it lets anybody in.
    """
    if (chosen := file_name or names.youngest(name, place.names())) is None:
        message = f"there is no backup of {name}"
        raise BackupError(message)
    told = loading.verify(place, chosen)
    try:
        site = databases.site(url, restore_id or _ID)
        _try(site, place, told, key.key if key else None, issuer)
    except errors.MigrationError as error:
        raise BackupError(str(error)) from error
    return told


def _try(
    site: databases.Site,
    place: Destination,
    told: Manifest,
    key: bytes | None,
    issuer: str | None,
) -> None:
    with databases.beside(site) as connection:
        loading.check_version(told, databases.major_version(connection))
        databases.create_anew(connection, site.scratch)
        try:
            scratch = site.url_of(site.scratch)
            loading.load(place, told, key, scratch)
            loading.check_rows(told, scratch)
            migration.run(scratch)
            login.check(site.url, site.scratch, issuer)
        finally:
            databases.drop(connection, site.scratch)
