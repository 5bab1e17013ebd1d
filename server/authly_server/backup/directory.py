"""Backups in a directory: written aside, made durable, then renamed."""

import contextlib
import functools
import os
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from authly_server.backup import names
from authly_server.backup.destination import BLOCK
from authly_server.backup.errors import BackupError


class _Upload:
    def __init__(self, target: Path, partial: Path, file: IO[bytes]) -> None:
        self._target = target
        self._partial = partial
        self._file = file

    def write(self, block: bytes) -> None:
        self._file.write(block)

    def commit(self, sha256: str, manifest: str) -> None:
        self._file.flush()
        os.fsync(self._file.fileno())
        _, checksum, description = names.companions(str(self._target))
        # As `sha256sum --check` reads it.
        Path(checksum).write_text(f"{sha256}  {self._target.name}\n")
        Path(description).write_text(manifest)
        self._partial.rename(self._target)
        _make_durable(self._target.parent)


class Directory:
    """A destination on a file system; satisfies destination.Destination."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @contextlib.contextmanager
    def open(self, file_name: str) -> Iterator[_Upload]:
        """Write to a hidden file that is removed unless it is committed.

        Raises:
            BackupError: the directory cannot be written to, or is full.
        """
        target, partial = self._path / file_name, self._path / f".{file_name}.partial"
        try:
            with partial.open("xb") as file:
                partial.chmod(0o600)
                yield _Upload(target, partial, file)
        except OSError as error:
            message = f"{self._path}: {error.strerror}"
            raise BackupError(message) from error
        finally:
            with contextlib.suppress(OSError):
                partial.unlink()

    def read(self, file_name: str) -> Iterator[bytes]:
        """The blocks of a file.

        Raises:
            BackupError: it is not there, or the disk does not give it back.
        """
        try:
            with (self._path / file_name).open("rb") as file:
                yield from iter(functools.partial(file.read, BLOCK), b"")
        except OSError as error:
            message = f"{self._path / file_name}: {error.strerror}"
            raise BackupError(message) from error

    def names(self) -> list[str]:
        """The names of all files in the directory."""
        return [entry.name for entry in self._path.iterdir()]

    def delete(self, file_name: str) -> None:
        """Delete a backup with what lies beside it; what is gone already is no error."""
        for name in names.companions(file_name):
            (self._path / name).unlink(missing_ok=True)


def _make_durable(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
