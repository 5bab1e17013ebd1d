"""The shell scripts of the managed database's pod, run against a real PostgreSQL 15."""

import os
import subprocess
from collections.abc import Iterator

import psycopg
import pytest

from authly_operator.desired import postgresql
from throwaway import postgres as throwaway_postgres


@pytest.fixture(scope="module")
def database() -> Iterator[throwaway_postgres.Cluster]:
    """A cluster of the module's own, whose superuser gets other passwords."""
    cluster = throwaway_postgres.create()
    yield cluster
    cluster.close()


def run(script: str, cluster: throwaway_postgres.Cluster, **environment: str) -> int:
    """Run a script as the container would, but by TCP: the cluster has no socket."""
    path = f"{throwaway_postgres.PROGRAMS}:{os.environ['PATH']}"
    place = {"PGHOST": "127.0.0.1", "PGPORT": str(cluster.port)}
    return subprocess.run(  # noqa: S603
        ["/bin/sh", "-c", script],
        env={"PATH": path, **place, **environment},
        check=False,
        timeout=60,
    ).returncode


def test_the_superusers_password_becomes_that_of_the_environment(
    database: throwaway_postgres.Cluster,
) -> None:
    with psycopg.connect(database.superuser_url, autocommit=True) as connection:
        connection.execute("ALTER SYSTEM SET log_statement = 'all'")
        connection.execute("SELECT pg_reload_conf()")
    password = 'it\'s \\ "a" $new one'

    code = run(
        postgresql.SET_PASSWORD,
        database,
        PGPASSWORD=throwaway_postgres.PASSWORD,
        POSTGRES_PASSWORD=password,
    )

    assert code == 0
    with psycopg.connect(
        host="127.0.0.1", port=database.port, user="postgres", password=password
    ) as connection:
        # Back to what the cluster itself expects.
        connection.execute(f"ALTER ROLE postgres PASSWORD '{throwaway_postgres.PASSWORD}'")
    log = (database.directory / "log").read_text()
    assert "SET log_statement = none" in log  # statements were logged until then
    assert "$new one" not in log


def test_without_a_password_the_hook_changes_nothing_and_does_not_fail(
    database: throwaway_postgres.Cluster,
) -> None:
    code = run(postgresql.SET_PASSWORD, database, PGPASSWORD=throwaway_postgres.PASSWORD)

    assert code == 0
    psycopg.connect(database.superuser_url).close()


def test_a_database_that_answers_is_ready_and_alive(database: throwaway_postgres.Cluster) -> None:
    assert run(postgresql.IS_READY, database) == 0
    assert run(postgresql.IS_ALIVE, database) == 0


def test_a_database_that_stopped_is_neither(database: throwaway_postgres.Cluster) -> None:
    database.stop()
    try:
        assert run(postgresql.IS_READY, database) != 0
        assert run(postgresql.IS_ALIVE, database) != 0
    finally:
        database.start()
