"""Whether the youngest backup can be restored: it is, into a database that is dropped again."""

from authly_server.backup import job, loading, names
from authly_server.backup.destination import Destination
from authly_server.backup.errors import BackupError
from authly_server.backup.manifest import Manifest
from authly_server.storage import databases, errors, migration


_ID = "verify"


def run(url: str, place: Destination, *, name: str, key: job.Key | None) -> Manifest:
    """Restore the youngest backup of `name` beside the database of `url`, and migrate it.

    Raises:
        BackupError: there is none, or it is damaged, has another key, other rows, or a schema that
            this program cannot bring forward.
    """
    if (file_name := names.youngest(name, place.names())) is None:
        message = f"there is no backup of {name}"
        raise BackupError(message)
    told = loading.verify(place, file_name)
    try:
        _try(url, place, told, key.key if key else None)
    except errors.MigrationError as error:
        raise BackupError(str(error)) from error
    return told


def _try(url: str, place: Destination, told: Manifest, key: bytes | None) -> None:
    site = databases.site(url, _ID)
    with databases.beside(site) as connection:
        databases.create_anew(connection, site.scratch)
        try:
            scratch = site.url_of(site.scratch)
            loading.load(place, told, key, scratch)
            loading.check_rows(told, scratch)
            migration.run(scratch)
        finally:
            databases.drop(connection, site.scratch)
