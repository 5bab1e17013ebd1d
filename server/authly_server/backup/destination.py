"""Where backups are kept: what a directory and a bucket have in common."""

from contextlib import AbstractContextManager
from typing import Protocol


class Upload(Protocol):
    """A backup on its way: nothing under its name is to be seen before `commit`."""

    def write(self, block: bytes) -> object:
        """Take the next block."""

    def commit(self, sha256: str) -> None:
        """Make the backup visible, its checksum first."""


class Destination(Protocol):
    """A directory or a bucket; `open` cleans up after whoever leaves without `commit`."""

    def open(self, file_name: str) -> AbstractContextManager[Upload]:
        """Begin a backup of that name."""

    def names(self) -> list[str]:
        """The names of all files there."""

    def delete(self, file_name: str) -> None:
        """Delete a backup and its checksum."""
