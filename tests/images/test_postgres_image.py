"""Our stand-in for postgres:15, by the upstream image's documented environment."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import psycopg
import pytest
from psycopg import conninfo


if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.images.conftest import Image


pytestmark = [pytest.mark.node, pytest.mark.timeout(900)]

DATA = "/var/lib/postgresql/data"
ENVIRONMENT = {
    "POSTGRES_DB": "authly",
    "POSTGRES_USER": "postgres",
    "POSTGRES_PASSWORD": "it's a secret",
    "PGDATA": f"{DATA}/pgdata",
}
SOCKETS: dict[str, object] = {
    "destination": "/var/run/postgresql",
    "type": "tmpfs",
    "source": "tmpfs",
    "options": ["mode=1777"],
}


@pytest.fixture
def volume(tmp_path: Path) -> Path:
    """A volume of the database user's, as fsGroup would make it."""
    directory = tmp_path / "volume"
    directory.mkdir()
    os.chown(directory, 999, 999)
    return directory


def bound(volume: Path) -> dict[str, object]:
    return {"destination": DATA, "type": "bind", "source": str(volume), "options": ["bind", "rw"]}


@contextmanager
def running(
    image: Image, volume: Path, *arguments: str, **environment: str
) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    options = ["-c", f"port={port}", "-c", "listen_addresses=127.0.0.1", *arguments]
    command = [*image.config["Entrypoint"], *options]
    mounts = [SOCKETS, bound(volume)]
    with (
        image.container(command, mounts, ENVIRONMENT | environment) as runc,
        subprocess.Popen(runc, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process,  # noqa: S603
    ):
        try:
            yield process, port
        finally:
            process.terminate()


def connect(port: int, **options: str) -> psycopg.Connection[tuple[object, ...]]:
    """Connect as soon as the server answers, within half a minute."""
    parameters = {
        "dbname": "authly",
        "user": "postgres",
        "password": ENVIRONMENT["POSTGRES_PASSWORD"],
    }
    target = conninfo.make_conninfo(
        host="127.0.0.1", port=port, connect_timeout=2, **parameters | options
    )
    deadline = time.monotonic() + 90
    while True:
        try:
            return psycopg.connect(target, autocommit=True)
        except psycopg.OperationalError as error:
            starting = "refused" in str(error) or "starting up" in str(error)
            if not starting or time.monotonic() > deadline:
                raise
            time.sleep(0.1)


def shown(connection: psycopg.Connection[tuple[object, ...]], setting: str) -> object:
    row = connection.execute("SELECT current_setting(%s)", [setting]).fetchone()
    return row and row[0]


def test_a_first_start_makes_the_database_by_the_documented_environment(
    built: dict[str, Image], volume: Path
) -> None:
    arguments = ["-c", "max_connections=33", "-c", "shared_buffers=16MB"]
    with running(built["postgres"], volume, *arguments) as (_, port), connect(port) as connection:
        assert connection.info.server_version // 10_000 == 15
        assert connection.info.dbname == "authly"
        assert shown(connection, "max_connections") == "33"
        assert shown(connection, "shared_buffers") == "16MB"
        assert shown(connection, "password_encryption") == "scram-sha-256"
        assert shown(connection, "server_encoding") == "UTF8"
        connection.execute("CREATE EXTENSION pgcrypto")


def test_a_wrong_password_is_refused_over_tcp(built: dict[str, Image], volume: Path) -> None:
    with running(built["postgres"], volume) as (_, port):
        connect(port).close()
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            connect(port, password="wrong")


def test_initdb_takes_the_documented_arguments_and_a_database_any_name(
    built: dict[str, Image], volume: Path
) -> None:
    name = 'odd "name"; --'
    environment = {"POSTGRES_DB": name, "POSTGRES_INITDB_ARGS": "--data-checksums --encoding=UTF8"}
    with (
        running(built["postgres"], volume, **environment) as (_, port),
        connect(port, dbname=name) as c,
    ):
        assert shown(c, "data_checksums") == "on"


def test_data_survive_a_stop_with_clients_connected_and_group_permissions_of_a_volume(
    built: dict[str, Image], volume: Path
) -> None:
    assert built["postgres"].config["StopSignal"] == "SIGINT"
    with running(built["postgres"], volume) as (process, port), connect(port) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
        start = time.monotonic()
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 0
        assert time.monotonic() - start < 10
    (volume / "pgdata").chmod(0o2770)
    with running(built["postgres"], volume) as (_, port), connect(port) as connection:
        assert connection.execute("SELECT answer FROM kept").fetchone() == (42,)


def test_a_start_killed_half_way_leaves_no_half_made_database(
    built: dict[str, Image], volume: Path
) -> None:
    with running(built["postgres"], volume) as (process, _):
        while not (volume / "pgdata.partial").exists():
            time.sleep(0.01)
        process.kill()
    assert not (volume / "pgdata").exists()
    with running(built["postgres"], volume) as (_, port), connect(port) as connection:
        assert connection.info.dbname == "authly"


def test_a_missing_password_is_refused_in_one_line(built: dict[str, Image], volume: Path) -> None:
    image = built["postgres"]
    environment = ENVIRONMENT | {"POSTGRES_PASSWORD": ""}
    mounts = [SOCKETS, bound(volume)]
    done = image.run(*image.config["Entrypoint"], mounts=mounts, **environment)
    assert (done.returncode, done.stderr) == (
        1,
        "docker-entrypoint.sh: POSTGRES_PASSWORD is not set\n",
    )
    assert list(volume.iterdir()) == []


def test_other_programs_of_the_image_run_as_they_are(built: dict[str, Image]) -> None:
    image = built["postgres"]
    assert image.run(*image.config["Entrypoint"], "pg_isready", "--version").stdout.startswith(
        "pg_isready"
    )
