"""What becomes of a server's data when its resource is deleted."""

from enum import StrEnum


class DeletionPolicy(StrEnum):
    """What becomes of the data when the resource is deleted."""

    RETAIN = "Retain"
    DELETE = "Delete"
    BACKUP_THEN_DELETE = "BackupThenDelete"

    @property
    def deletes_data(self) -> bool:
        """Whether volume and keys go with the resource, whatever happens."""
        return self is DeletionPolicy.DELETE
