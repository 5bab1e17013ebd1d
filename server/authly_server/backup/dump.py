"""Streams pg_dump through gzip into a writer; memory holds one block at a time.

The password travels in the environment, never in argv, where every process could read it.
"""

import gzip
import hashlib
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import IO, Protocol

import psycopg
from psycopg import pq

from authly_server.backup.errors import BackupError


Write = Callable[[bytes], object]

_BLOCK = 256 * 1024
_LEVEL = 3
"""Of gzip: rows are digests and random ids mostly, of which 9 saves a twentieth for four times the
CPU time, which a serving instance has to share."""
# Plain SQL, so that psql alone restores it; over an older copy of these schemas if need be. Owners
# and privileges stay out: the roles of the target are its own, and `migrate` grants to them.
COMMAND = (
    "pg_dump",
    "--no-password",
    "--format=plain",
    "--clean",
    "--if-exists",
    "--no-owner",
    "--no-privileges",
    "--schema=authly",
    "--schema=authly_api",
)
_PASSED_ON = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR")


@dataclass(frozen=True, slots=True)
class Written:
    """What came out: size in bytes and SHA-256 of the compressed dump."""

    size: int
    sha256: str


class Seal(Protocol):
    """A file-like object that seals what is written to it, and what is left when it ends."""

    def write(self, block: bytes, /) -> int:
        """Take the next block."""

    def flush(self) -> None:
        """Do nothing; gzip asks for it."""

    def finish(self) -> None:
        """Seal what is left."""


class _Counted:
    """A file-like object that hashes and counts what passes into `write`."""

    def __init__(self, write: Write) -> None:
        self._write = write
        self._hash = hashlib.sha256()
        self._size = 0

    def write(self, block: bytes) -> int:
        self._hash.update(block)
        self._size += len(block)
        self._write(block)
        return len(block)

    def flush(self) -> None:
        """Nothing is held back here."""

    def written(self) -> Written:
        return Written(self._size, self._hash.hexdigest())


def stream(
    url: str,
    write: Write,
    *,
    snapshot: str | None = None,
    seal: Callable[[Write], Seal] | None = None,
) -> Written:
    """Dump the database of `url`, calling `write` with each compressed (and sealed) block.

    `snapshot` is the id of one that another connection holds.

    Raises:
        BackupError: pg_dump failed; what was written until then is worth nothing.
    """
    command = COMMAND if snapshot is None else (*COMMAND, f"--snapshot={snapshot}")
    with (
        tempfile.TemporaryFile() as complaints,
        _start(command, environment(url, os.environ), complaints) as process,
    ):
        assert process.stdout is not None  # noqa: S101  # stdout=PIPE
        try:
            written = pack(process.stdout, write, seal=seal)
        except BaseException:
            process.kill()
            raise
        if process.wait() != 0:
            raise BackupError(_complaint(complaints))
    return written


def pack(
    source: IO[bytes], write: Write, *, seal: Callable[[Write], Seal] | None = None
) -> Written:
    """Compress (and seal) what is read, calling `write` with each block that comes of it."""
    counted = _Counted(write)
    if seal is None:
        _compress(source, counted)
    else:
        sealed = seal(counted.write)
        _compress(source, sealed)
        sealed.finish()
    return counted.written()


def environment(url: str, environ: Mapping[str, str]) -> dict[str, str]:
    """The connection of `url` in libpq's own variables, beside what any program needs.

    Raises:
        BackupError: `url` cannot be read, or says something that has no variable.
    """
    try:
        options = pq.Conninfo.parse(url.encode())
    except psycopg.OperationalError:
        message = "the database URL cannot be read"
        raise BackupError(message) from None  # libpq's own words repeat the URL
    given = {option.keyword: option for option in options if option.val is not None}
    unspeakable = sorted(word.decode() for word, option in given.items() if not option.envvar)
    if unspeakable:
        message = f"the database URL must not set {', '.join(unspeakable)} for a backup"
        raise BackupError(message)
    passed_on = {name: environ[name] for name in _PASSED_ON if name in environ}
    return passed_on | {
        (option.envvar or b"").decode(): (option.val or b"").decode() for option in given.values()
    }


def _start(
    command: Sequence[str], variables: dict[str, str], complaints: IO[bytes]
) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(  # noqa: S603  # fixed words
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=complaints,
            env=variables,
        )
    except OSError as error:
        message = f"pg_dump cannot be started: {error.strerror}"
        raise BackupError(message) from error


def _compress(source: IO[bytes], into: _Counted | Seal) -> None:
    with gzip.GzipFile("", "wb", _LEVEL, into, mtime=0) as compressed:
        shutil.copyfileobj(source, compressed, _BLOCK)


_VERSIONS = re.compile(r"server version: (\d+)\S*; pg_dump version: (\d+)")


def _complaint(complaints: IO[bytes]) -> str:
    """The last line that pg_dump wrote, or the one that says best what to do."""
    complaints.seek(0)
    said = complaints.read().decode(errors="replace").strip()
    if (versions := _VERSIONS.search(said)) is not None:
        return (
            f"the database is PostgreSQL {versions[1]} and pg_dump here is {versions[2]}: have an"
            " image of that version make the dump (authly-server prepare-backup)"
        )
    return said.splitlines()[-1] if said else "pg_dump failed without saying why"
