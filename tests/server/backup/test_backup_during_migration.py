"""A backup and a migration at once: neither is broken by the other, and no row is left out."""

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import psycopg
import pytest
from tests.server.backup.test_backup import NAME, NOW, back_up, fetch
from tests.server.backup.test_handed_dumps import Container
from tests.server.backup.test_restore_truth import wanted

from authly_server.backup import handover, job, restore
from authly_server.backup.directory import Directory
from authly_server.backup.handover import Places
from authly_server.storage import errors, migrate, revisions
from authly_server.storage.revisions import Revision
from throwaway.postgres import Cluster


Made = TypeVar("Made")
REWRITE = "ALTER TABLE authly.grants ADD COLUMN later uuid DEFAULT gen_random_uuid()"
GRANTS = "SELECT count(*) FROM authly.grants"
WAITING = (
    "SELECT count(*) FROM pg_stat_activity"
    " WHERE wait_event_type = 'Lock' AND datname = current_database()"
)


@contextlib.contextmanager
def meanwhile(work: Callable[[], Made]) -> Iterator[list[Made]]:
    """What the work, which runs beside the block, has come to when both are over."""
    made: list[Made] = []
    thread = threading.Thread(target=lambda: made.append(work()))
    thread.start()
    try:
        yield made
    finally:
        thread.join()


def wait_for_the_lock(url: str) -> None:
    deadline = time.monotonic() + 90
    while not fetch(url, WAITING):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_table_that_is_rewritten_as_the_backup_begins_is_backed_up_whole(
    instance: str, tmp_path: Path, postgres: Cluster
) -> None:
    place = Directory(tmp_path)
    with psycopg.connect(instance) as migration:
        migration.execute(REWRITE.encode())
        with meanwhile(lambda: back_up(instance, place)) as made:
            wait_for_the_lock(instance)
            migration.commit()
    assert made[0].manifest.counts["grants"] == 5000

    fetch(instance, "DELETE FROM authly.grants RETURNING 1")
    restore.run(wanted(instance, file_name=NAME), place)
    try:
        assert fetch(instance, GRANTS) == 5000
    finally:
        postgres.drop_database(f"{instance.rpartition('/')[2]}_before_r1")


def test_a_dump_by_another_container_waits_for_it_in_the_same_way(
    instance: str, tmp_path: Path
) -> None:
    places = Places(tmp_path / "order", tmp_path / "dumps")
    for one in (places.order, places.dumps):
        one.mkdir()
    handover.prepare(instance, None, places, begun_at=NOW)
    with psycopg.connect(instance) as migration:
        migration.execute(REWRITE.encode())
        with meanwhile(Container(places).run) as ended:
            wait_for_the_lock(instance)
            migration.commit()
    assert ended[0].returncode == 0
    handed = handover.read(places.dumps)
    assert handed is not None
    assert handed.counts["grants"] == 5000
    rows = handed.path.read_text().partition("COPY authly.grants ")[2].partition("\n\\.\n")[0]
    assert len(rows.splitlines()) == 1 + 5000


def test_a_migration_that_begins_while_a_backup_runs_is_put_off_and_spoils_nothing(
    instance: str, tmp_path: Path
) -> None:
    newer = (*revisions.every(), Revision(revisions.latest() + 1, "rewrite", f"{REWRITE};"))

    def begin(event: str, **_: object) -> None:
        if event == "backup_begun":
            with migrate.locked(instance) as connection:
                connection.execute("SET lock_timeout = '200ms'")
                with pytest.raises(errors.MigrationError, match="lock timeout"):
                    migrate.upgrade(connection, newer)

    made = job.run(
        instance, Directory(tmp_path), name="shop", retention_days=30, now=NOW, tell=begin
    )
    assert made.manifest.schema_revision == revisions.latest()
    assert made.manifest.counts["grants"] == 5000
    with migrate.locked(instance) as connection:
        assert [one.name for one in migrate.upgrade(connection, newer)] == ["rewrite"]
