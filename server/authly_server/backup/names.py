"""Names of backups: `<name>-<UTC yyyymmddThhmmssZ>.sql.gz`, `.enc` behind it where encrypted.

Their time is read from the name.
"""

import re
from datetime import UTC, datetime


_TIME = "%Y%m%dT%H%M%SZ"
_ENCRYPTED = ".enc"
CHECKSUM_SUFFIX = ".sha256"
MANIFEST_SUFFIX = ".json"


def build(name: str, now: datetime, *, encrypted: bool = False) -> str:
    """The name of a backup begun at `now`."""
    suffix = _ENCRYPTED if encrypted else ""
    return f"{name}-{now.astimezone(UTC).strftime(_TIME)}.sql.gz{suffix}"


def parse(name: str, file_name: str) -> datetime | None:
    """When the backup of that file name was begun; None where it is no backup of `name`."""
    match = re.fullmatch(re.escape(name) + r"-(\d{8}T\d{6}Z)\.sql\.gz(\.enc)?", file_name, re.ASCII)
    if match is None:
        return None
    try:
        return datetime.strptime(match[1], _TIME).replace(tzinfo=UTC)
    except ValueError:
        return None


def is_encrypted(file_name: str) -> bool:
    """Whether the backup of that name is."""
    return file_name.endswith(_ENCRYPTED)


def companions(file_name: str) -> tuple[str, str, str]:
    """The names of a backup, of its checksum, and of its manifest."""
    return file_name, f"{file_name}{CHECKSUM_SUFFIX}", f"{file_name}{MANIFEST_SUFFIX}"


def youngest(name: str, file_names: list[str]) -> str | None:
    """The backup of `name` that was begun last."""
    begun = [(time, each) for each in file_names if (time := parse(name, each)) is not None]
    return max(begun)[1] if begun else None
