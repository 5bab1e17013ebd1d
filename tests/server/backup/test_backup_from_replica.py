"""A backup is read from a replica that has caught up; whatever is wrong with that costs none."""

import contextlib
import gzip
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest

from authly_server.backup import job
from authly_server.backup.directory import Directory
from authly_server.storage import migration, replica
from authly_server.storage.errors import MigrationError
from throwaway import postgres
from throwaway.postgres import Cluster


THERE, NOBODY = "127.0.0.2", "127.0.0.3"
NOW = datetime(2031, 5, 6, 7, 8, 9, tzinfo=UTC)
Event = tuple[str, dict[str, Any]]


@pytest.fixture(scope="module")
def primary() -> Iterator[Cluster]:
    """A migrated database whose log has each statement."""
    made = postgres.create(log_statement="all", synchronous_commit="on")
    with contextlib.closing(made) as cluster:
        migration.run(cluster.superuser_url)
        yield cluster


@pytest.fixture
def standby(primary: Cluster) -> Iterator[Cluster]:
    """A replica of it, on another host and the same port."""
    with contextlib.closing(primary.replicate("standby", host=THERE)) as cluster:
        yield cluster


@pytest.fixture
def place(tmp_path: Path) -> Directory:
    return Directory(tmp_path)


def back_up(
    primary: Cluster, place: Directory, host: str, events: list[Event], tell: Any = None
) -> job.Backup:
    def told(event: str, **facts: Any) -> None:
        events.append((event, facts))
        if tell is not None:
            tell(event)

    return job.run(
        primary.superuser_url,
        place,
        name="shop",
        retention_days=30,
        now=NOW,
        replica_host=host,
        tell=told,
    )


def execute(cluster: Cluster, statement: str) -> None:
    with psycopg.connect(cluster.superuser_url, autocommit=True) as connection:
        connection.execute(statement.encode())


def dumped(cluster: Cluster) -> bool:
    """Whether pg_dump has read the scopes there."""
    return "COPY authly.scopes" in (cluster.directory / "log").read_text()


def content(place: Directory, made: job.Backup) -> str:
    return gzip.decompress(b"".join(place.read(made.manifest.file_name))).decode()


def test_a_backup_is_read_from_a_replica_and_has_what_was_committed_when_it_began(
    primary: Cluster, standby: Cluster, place: Directory
) -> None:
    events: list[Event] = []
    execute(standby, "SELECT pg_wal_replay_pause()")
    execute(primary, "INSERT INTO authly.scopes (name, description) VALUES ('late', 'Late')")
    execute(standby, "SELECT pg_wal_replay_resume()")

    made = back_up(primary, place, THERE, events)

    assert events[0] == ("backup_source", {"replica": THERE})
    assert dumped(standby)
    assert not dumped(primary)
    assert "\tlate\t" in content(place, made)
    assert made.manifest.counts["scopes"] >= 1
    assert made.manifest.schema_revision


def test_a_replica_that_is_not_there_costs_no_backup(primary: Cluster, place: Directory) -> None:
    events: list[Event] = []

    made = back_up(primary, place, NOBODY, events)

    (name, facts) = events[0]
    assert (name, facts["primary"]) == ("backup_source", True)
    assert "refused" in facts["reason"]
    assert postgres.PASSWORD not in str(events)
    assert made.manifest.file_name in place.names()


def test_a_replica_that_goes_while_it_is_read_costs_no_backup(
    primary: Cluster, standby: Cluster, place: Directory
) -> None:
    events: list[Event] = []

    def lose(event: str) -> None:
        if event == "backup_begun":
            standby.stop()

    made = back_up(primary, place, THERE, events, lose)

    assert [name for name, _ in events].count("backup_begun") == 2
    assert [facts for name, facts in events if facts.get("primary")]
    (kept,) = (name for name in place.names() if name.endswith(".gz"))
    assert kept == made.manifest.file_name
    assert "COPY authly.scopes" in content(place, made)


def test_a_replica_that_stays_behind_is_not_read(primary: Cluster, standby: Cluster) -> None:
    execute(standby, "SELECT pg_wal_replay_pause()")
    execute(primary, "CREATE TABLE IF NOT EXISTS more AS SELECT 1 AS number")

    with pytest.raises(MigrationError, match=f"the replica {THERE} is behind the database"):
        replica.find(primary.superuser_url, THERE, patience=0.5)


def test_another_database_is_no_replica(primary: Cluster) -> None:
    with pytest.raises(MigrationError, match=f"{primary.host} is no replica of the database"):
        replica.find(primary.superuser_url, primary.host)


def test_a_replica_of_another_database_is_none_of_this(primary: Cluster) -> None:
    with (
        contextlib.closing(postgres.create()) as other,
        contextlib.closing(other.replicate("theirs", host=NOBODY)) as theirs,
    ):
        theirs.stop()
        theirs.port = primary.port
        theirs.start()

        with pytest.raises(MigrationError, match=f"{NOBODY} is no replica of the database"):
            replica.find(primary.superuser_url, NOBODY)
