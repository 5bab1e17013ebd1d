"""A database without room: what is read goes on, what would be written is 503, and growth heals it.

On a real file system of a fixed size, which is really filled.
"""

import contextlib
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import psycopg
import pytest
from psycopg import sql

from throwaway import instance as throwaway_instance, postgres as throwaway_postgres, small_disk
from throwaway.instance import Instance, problem
from throwaway.postgres import Cluster


UNAVAILABLE = (503, "temporarily_unavailable")
FILL = "INSERT INTO ballast SELECT repeat('x', 1000) FROM generate_series(1, %s)"
LOG = "SELECT pg_logical_emit_message(false, 'ballast', repeat('x', 1000000))"
HANG_UP = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()
"""
_MEGABYTES = 160
# Few and small segments, so that what fills the disk is what is stored.
_SETTINGS = {"min_wal_size": "32MB"}


@dataclass(frozen=True)
class SmallDisk:
    """A file system of its own with a database on it, which a server uses."""

    directory: Path
    cluster: Cluster
    instance: Instance

    def grow(self) -> None:
        small_disk.resize(self.directory, f"{2 * _MEGABYTES}m")

    def fill(self) -> None:
        """Until a table finds no room; the log has some, for checkpoints free its segments."""
        with self._superuser() as connection:
            connection.execute("CREATE TABLE ballast (content text)")
            for rows in (2000, 100, 1):
                with contextlib.suppress(psycopg.errors.DiskFull):
                    while True:
                        connection.execute(FILL, (rows,))
                        connection.execute("CHECKPOINT")

    def fill_log(self) -> None:
        """Until the log finds no room, which ends PostgreSQL."""
        with self._superuser() as connection:
            while True:
                connection.execute(LOG)

    def _superuser(self) -> psycopg.Connection:
        return psycopg.connect(self.cluster.url("small", user="postgres"), autocommit=True)


@pytest.fixture
def disk() -> Iterator[SmallDisk]:
    directory = Path(tempfile.mkdtemp(prefix="authly-disk-"))  # others than root may look into it
    try:
        with small_disk.mounted(directory, f"{_MEGABYTES}m"):
            cluster = throwaway_postgres.create_in(directory, _SETTINGS)
            with contextlib.closing(cluster):
                url = cluster.create_database("small")
                with throwaway_instance.running(url, CACHE_TTL="0") as instance:
                    yield SmallDisk(directory, cluster, instance)
    finally:
        directory.rmdir()


def write(instance: Instance) -> httpx.Response:
    """Something that leaves a row each time."""
    issued = instance.post("/token", grant_type="client_credentials").raise_for_status()
    return instance.post("/revoke", token=issued.json()["access_token"])


def connect_anew(instance: Instance) -> None:
    """Let the server have other connections, with the settings of now."""
    instance.execute(HANG_UP)
    instance.server.wait("/health/ready")
    with contextlib.suppress(httpx.HTTPStatusError):
        instance.is_active("of no meaning")  # whoever comes first may find a line that was cut


def write_until_refused(instance: Instance) -> httpx.Response:
    """Rows find room in pages that are there already, for a while."""
    for _ in range(1000):
        if (answer := write(instance)).status_code != 200:
            return answer
    message = "a thousand rows found room on a full disk"
    raise AssertionError(message)


def test_a_disk_without_room_stops_what_is_written_and_nothing_else(disk: SmallDisk) -> None:
    issued = disk.instance.tokens(scope="profile")["access_token"]
    disk.fill()

    refused = write_until_refused(disk.instance)
    assert problem(refused) == UNAVAILABLE
    assert int(refused.headers["Retry-After"]) > 0
    told = [one for one in disk.instance.server.records() if one["event"] == "unavailable"]
    assert "No space left on device" in told[-1]["reason"]

    for path in ("/.well-known/openid-configuration", "/jwks", "/health/ready"):
        assert disk.instance.http.get(path).status_code == 200
    assert disk.instance.is_active(issued)
    assert disk.instance.userinfo(issued).status_code == 200
    machine = disk.instance.post("/token", grant_type="client_credentials")
    assert machine.status_code == 200  # a JWT leaves no row

    disk.grow()
    assert [write(disk.instance).status_code for _ in range(3)] == [200, 200, 200]
    assert disk.instance.is_active(issued)


def test_a_database_that_ends_for_lack_of_room_is_back_when_its_disk_has_grown(
    disk: SmallDisk,
) -> None:
    """PostgreSQL cannot go on where its log has no room, and starts again where it has."""
    issued = disk.instance.tokens()["access_token"]
    with pytest.raises(psycopg.OperationalError):
        disk.fill_log()

    refused = disk.instance.refresh("art_" + "A" * 91)
    assert refused.status_code in {400, 503}
    assert problem(disk.instance.post("/introspect", token=issued)) == UNAVAILABLE
    for path in ("/.well-known/openid-configuration", "/jwks", "/health/live"):
        assert disk.instance.http.get(path).status_code == 200

    disk.grow()
    disk.cluster.stop()
    disk.cluster.start()
    disk.instance.server.wait("/health/ready")
    assert disk.instance.is_active(issued)
    assert write(disk.instance).status_code == 200


def test_a_database_that_takes_no_writes_for_now_is_unavailable_to_who_writes(
    instance: Instance, postgres: Cluster
) -> None:
    """A primary that has become a standby, or one whose owner keeps it from filling its disk."""
    issued = instance.tokens()["access_token"]
    name = sql.Identifier(instance.fetch("SELECT current_database()"))
    mode = sql.SQL("ALTER DATABASE {} SET default_transaction_read_only = {}")
    try:
        postgres.execute(mode.format(name, sql.Literal("on")))
        connect_anew(instance)
        refused = write(instance)
        assert problem(refused) == UNAVAILABLE
        assert int(refused.headers["Retry-After"]) > 0
        assert instance.is_active(issued)
    finally:
        postgres.execute(mode.format(name, sql.Literal("off")))
        connect_anew(instance)
    assert write(instance).status_code == 200
