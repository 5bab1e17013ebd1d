"""A disk without room for a second database: the restore fails, and is done when there is room."""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.server.backup.test_backup import NAME, back_up, fetch
from tests.server.backup.test_restore_truth import wanted

from authly_server.backup import errors, restore
from authly_server.backup.directory import Directory
from authly_server.storage import migration
from throwaway import postgres as throwaway_postgres, small_disk


SIZE, LEFT = 320, 40
"""Megabytes: of the disk, and what is left for a second database of about 70."""
# A load is not written to the log too, so that what fills the disk is the database itself.
SETTINGS = {"min_wal_size": "32MB", "wal_level": "minimal", "max_wal_senders": "0"}
ROWS = """
INSERT INTO authly.audit_log (event, detail)
SELECT 'ballast', jsonb_build_object('x', repeat(md5(n::text), 30))
FROM generate_series(1, 60000) AS n RETURNING 1
"""
COUNT = "SELECT count(*) FROM authly.audit_log WHERE event = 'ballast'"


@pytest.fixture
def disk() -> Iterator[Path]:
    directory = Path(tempfile.mkdtemp(prefix="authly-disk-"))  # others than root may look into it
    try:
        with small_disk.mounted(directory, f"{SIZE}m"):
            yield directory
    finally:
        directory.rmdir()


def fill(disk: Path) -> Path:
    """A file that leaves LEFT megabytes."""
    found = os.statvfs(disk)
    ballast = disk / "ballast"
    with ballast.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, found.f_bavail * found.f_frsize - LEFT * 2**20)
    return ballast


def test_a_restore_without_room_leaves_the_present_database_and_is_done_when_there_is_some(
    disk: Path, tmp_path: Path
) -> None:
    with contextlib.closing(throwaway_postgres.create_in(disk, SETTINGS)) as cluster:
        url = cluster.create_database("small")
        migration.run(url)
        fetch(url, ROWS)
        back_up(url, Directory(tmp_path))
        fetch(url, "DELETE FROM authly.audit_log RETURNING 1")
        ballast = fill(disk)

        with pytest.raises(errors.BackupError, match="No space left on device") as raised:
            restore.run(wanted(url, file_name=NAME), Directory(tmp_path))
        assert "\n" not in str(raised.value)
        assert fetch(url, COUNT) == 0

        ballast.unlink()
        restore.run(wanted(url, file_name=NAME), Directory(tmp_path))
        assert fetch(url, COUNT) == 60_000
