"""Which backups are old enough to go; judged by their names, never by file times."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from authly_server.backup import names


def judge(
    name: str, file_names: Iterable[str], *, now: datetime, days: int, keep_last: int = 1
) -> list[str]:
    """The backups of `name` begun more than `days` days before `now`, oldest first.

    The `keep_last` youngest stay however old they are, one at least, and files that are no backup
    of `name` are nobody's to delete.
    """
    begun = sorted(
        (time, file_name)
        for file_name in file_names
        if (time := names.parse(name, file_name)) is not None
    )
    candidates = begun[: -max(1, keep_last)]
    return [file_name for time, file_name in candidates if now - time > timedelta(days=days)]
