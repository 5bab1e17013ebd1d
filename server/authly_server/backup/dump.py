"""Streams pg_dump through gzip into a writer; memory holds one block at a time.

The password travels in the environment, never in argv, where every process could read it.
"""

import gzip
import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import IO

import psycopg
from psycopg import pq

from authly_server.backup.errors import BackupError


Write = Callable[[bytes], object]

_BLOCK = 256 * 1024
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


def stream(url: str, write: Write) -> Written:
    """Dump the database of `url`, calling `write` with each compressed block.

    Raises:
        BackupError: pg_dump failed; what was written until then is worth nothing.
    """
    counted = _Counted(write)
    with (
        tempfile.TemporaryFile() as complaints,
        _start(environment(url, os.environ), complaints) as process,
    ):
        try:
            _compress(process.stdout, counted)
        except BaseException:
            process.kill()
            raise
        if process.wait() != 0:
            raise BackupError(_last_line(complaints))
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


def _start(variables: dict[str, str], complaints: IO[bytes]) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(  # noqa: S603  # a fixed command line
            COMMAND,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=complaints,
            env=variables,
        )
    except OSError as error:
        message = f"pg_dump cannot be started: {error.strerror}"
        raise BackupError(message) from error


def _compress(source: IO[bytes] | None, counted: _Counted) -> None:
    assert source is not None  # noqa: S101  # stdout=PIPE
    with gzip.GzipFile(filename="", mode="wb", fileobj=counted, mtime=0) as compressed:
        shutil.copyfileobj(source, compressed, _BLOCK)


def _last_line(complaints: IO[bytes]) -> str:
    complaints.seek(0)
    lines = complaints.read().decode(errors="replace").strip().splitlines()
    return lines[-1] if lines else "pg_dump failed without saying why"
