"""A backup on its way back: verified, decrypted, decompressed, and fed to psql in one transaction.

Nothing is kept on a disk in between; the file is read once to verify it, and once to load it, and
the digest has to be the same both times.
"""

import hashlib
import os
import subprocess
import tempfile
import zlib
from collections.abc import Iterable, Iterator
from typing import IO, Final

from authly_server.backup import destination, dump, encryption, manifest, names
from authly_server.backup.destination import Destination
from authly_server.backup.errors import BackupError
from authly_server.backup.manifest import Manifest
from authly_server.storage import snapshot


COMMAND: Final = ("psql", "-X", "-q", "--no-password", "-v", "ON_ERROR_STOP=1", "-1", "-o")
_GZIP: Final = 31
"""zlib's number for a gzip header with the largest window."""


def verify(place: Destination, file_name: str) -> Manifest:
    """Read all of a backup once and compare it with what lies beside it.

    Raises:
        BackupError: it is not there, or not what its checksum or its manifest say.
    """
    _, checksum, description = names.companions(file_name)
    told = manifest.parse(destination.read_text(place, description))
    written = destination.read_text(place, checksum).split()[:1]
    digest = hashlib.sha256()
    for block in place.read(file_name):
        digest.update(block)
    if [digest.hexdigest()] != written or digest.hexdigest() != told.sha256:
        message = f"{file_name} is not what its checksum says: it was cut off or changed"
        raise BackupError(message)
    return told


def load(place: Destination, told: Manifest, key: bytes | None, url: str) -> None:
    """Load a backup into the empty database of `url`.

    Raises:
        BackupError: it cannot be read, has another key, or psql refuses it.
    """
    if told.encrypted and key is None:
        message = f"{told.file_name} is encrypted: BACKUP_ENCRYPTION_KEY must be set"
        raise BackupError(message)
    digest = hashlib.sha256()
    blocks = _digested(place.read(told.file_name), digest)
    plain = encryption.opened(key, blocks) if told.encrypted and key is not None else blocks
    _feed(url, _decompressed(plain))
    if digest.hexdigest() != told.sha256:
        message = f"{told.file_name} has changed while it was loaded"
        raise BackupError(message)


def check_version(told: Manifest, major: int) -> None:
    """Compare what wrote a dump with the major version that is to read it.

    A dump is for its own major version and newer ones (PGDUMP(1), "Notes").

    Raises:
        BackupError: it was made from a newer PostgreSQL.
    """
    made = int(told.postgres_version.partition(".")[0])
    if made > major:
        message = (
            f"{told.file_name} was made from PostgreSQL {made}, and the database here is PostgreSQL"
            f" {major}: restore it into PostgreSQL {made} or newer"
        )
        raise BackupError(message)


def check_rows(told: Manifest, url: str) -> None:
    """Compare what was loaded with what the manifest says.

    Raises:
        BackupError: a table has other rows.
        MigrationError: the database cannot be read.
    """
    found = snapshot.count(url)
    differing = sorted(
        table
        for table in found.keys() | told.counts.keys()
        if found.get(table) != told.counts.get(table)
    )
    if differing:
        message = (
            f"{told.file_name} holds other rows than its manifest says: {', '.join(differing)}"
        )
        raise BackupError(message)


def _digested(blocks: Iterable[bytes], digest: "hashlib._Hash") -> Iterator[bytes]:
    for block in blocks:
        digest.update(block)
        yield block


def _decompressed(blocks: Iterable[bytes]) -> Iterator[bytes]:
    stream = zlib.decompressobj(_GZIP)
    try:
        for block in blocks:
            yield stream.decompress(block)
    except zlib.error as error:
        message = "the backup is damaged: it does not decompress"
        raise BackupError(message) from error
    if not stream.eof:
        message = "the backup was cut off"
        raise BackupError(message)


def _feed(url: str, blocks: Iterable[bytes]) -> None:
    variables = dump.environment(url, os.environ)
    with tempfile.TemporaryFile() as complaints, _start(variables, complaints) as process:
        assert process.stdin is not None  # noqa: S101  # stdin=PIPE
        try:
            for block in blocks:
                process.stdin.write(block)
            process.stdin.close()
        except BrokenPipeError:
            pass  # it ended by itself, and says why
        except BaseException:
            process.kill()
            raise
        if process.wait() != 0:
            complaints.seek(0)
            said = complaints.read().decode(errors="replace").strip().splitlines()
            message = f"psql: {said[0] if said else 'failed without saying why'}"
            raise BackupError(message)


def _start(variables: dict[str, str], complaints: IO[bytes]) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(  # noqa: S603  # fixed words
            (*COMMAND, os.devnull), stdin=subprocess.PIPE, stderr=complaints, env=variables
        )
    except OSError as error:
        message = f"psql cannot be started: {error.strerror}"
        raise BackupError(message) from error
