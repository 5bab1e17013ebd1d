"""Names of backups: `<name>-<UTC yyyymmddThhmmssZ>.sql.gz`; their time is read from the name."""

import re
from datetime import UTC, datetime


_TIME = "%Y%m%dT%H%M%SZ"
CHECKSUM_SUFFIX = ".sha256"


def build(name: str, now: datetime) -> str:
    """The name of a backup begun at `now`."""
    return f"{name}-{now.astimezone(UTC).strftime(_TIME)}.sql.gz"


def parse(name: str, file_name: str) -> datetime | None:
    """When the backup of that file name was begun; None where it is no backup of `name`."""
    match = re.fullmatch(re.escape(name) + r"-(\d{8}T\d{6}Z)\.sql\.gz", file_name, re.ASCII)
    if match is None:
        return None
    try:
        return datetime.strptime(match[1], _TIME).replace(tzinfo=UTC)
    except ValueError:
        return None
