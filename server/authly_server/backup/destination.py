"""Where backups are kept: what a directory and a bucket have in common."""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import Final, Protocol


BLOCK: Final = 1024 * 1024
"""Bytes that are read at once."""


class Upload(Protocol):
    """A backup on its way: nothing under its name is to be seen before `commit`."""

    def write(self, block: bytes) -> object:
        """Take the next block."""

    def commit(self, sha256: str, manifest: str) -> None:
        """Make the backup visible, its checksum and its manifest first."""


class Destination(Protocol):
    """A directory or a bucket; `open` cleans up after whoever leaves without `commit`."""

    def open(self, file_name: str) -> AbstractContextManager[Upload]:
        """Begin a backup of that name."""

    def read(self, file_name: str) -> Iterator[bytes]:
        """The blocks of a file; BackupError where it is not there or cannot be read."""

    def names(self) -> list[str]:
        """The names of all files there."""

    def delete(self, file_name: str) -> None:
        """Delete a backup, its checksum and its manifest."""


def read_text(destination: Destination, file_name: str) -> str:
    """A small file as text."""
    return b"".join(destination.read(file_name)).decode(errors="replace")
