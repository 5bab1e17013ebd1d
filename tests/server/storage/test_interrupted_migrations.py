"""A migration that is killed at any moment is finished by the next one; a plan changes nothing."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import psycopg
import pytest

from authly_server.storage import errors, migrate, migration, revisions
from authly_server.storage.revisions import Revision


SERVER = Path(__file__).parents[3] / "server"
RUNNER = """
import sys
from authly_server.storage import migrate
from authly_server.storage.revisions import Revision
with migrate.locked(sys.argv[1]) as connection:
    print("locked", flush=True)
    wanted = tuple(Revision(n, "r", sql) for n, sql in enumerate(sys.argv[2:], 1))
    migrate.upgrade(connection, wanted)
"""
TABLE = "CREATE TABLE authly.t (n int);"
INDEX = "CREATE INDEX CONCURRENTLY IF NOT EXISTS {0} ON authly.t (n);\n"
ASLEEP = (
    "SELECT count(*) FROM pg_stat_activity WHERE query LIKE %s AND datname = current_database()"
)


def fetch(url: str, statement: str, *parameters: object) -> Any:
    with psycopg.connect(url, autocommit=True) as connection:
        row = connection.execute(statement.encode(), parameters).fetchone()
    return None if row is None else row[0]


def kill_while_asleep(url: str, *statements: str) -> None:
    """Run revisions until one of them sleeps, and kill the process without any notice."""
    with subprocess.Popen(  # noqa: S603  # this test's own program
        [sys.executable, "-c", RUNNER, url, *statements],
        env=os.environ | {"PYTHONPATH": str(SERVER)},
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "locked\n"
        while not fetch(url, ASLEEP, "%pg_sleep(600)%"):
            assert process.poll() is None
        process.kill()


def test_a_transaction_that_was_killed_in_the_middle_is_done_again(empty_database_url: str) -> None:
    half = f"{TABLE} SELECT pg_sleep(600);"
    kill_while_asleep(empty_database_url, half)
    with migrate.locked(empty_database_url, patience=30.0) as connection:
        applied = migrate.upgrade(connection, (Revision(1, "r", TABLE),))
    assert [revision.number for revision in applied] == [1]


def test_statements_outside_a_transaction_go_on_where_they_were_killed(
    empty_database_url: str,
) -> None:
    outside = "-- authly: without transaction\n"
    half = f"{outside}{INDEX.format('one')}SELECT pg_sleep(600);\n"
    whole = f"{outside}{INDEX.format('one')}{INDEX.format('two')}"
    kill_while_asleep(empty_database_url, TABLE, half)
    wanted = Revision(1, "r", TABLE), Revision(2, "r", whole)
    with migrate.locked(empty_database_url, patience=30.0) as connection:
        applied = migrate.upgrade(connection, wanted)
    assert [revision.number for revision in applied] == [2]
    count = "SELECT count(*) FROM pg_indexes WHERE schemaname = 'authly' AND tablename = 't'"
    assert fetch(empty_database_url, count) == 2


def test_a_plan_names_what_is_missing_and_changes_nothing(empty_database_url: str) -> None:
    planned = migration.plan(empty_database_url)
    assert planned.revision == 0
    assert planned.missing[0] == "0001_tables"
    assert len(planned.missing) == revisions.latest()
    assert fetch(empty_database_url, "SELECT to_regnamespace('authly')") is None


def test_a_plan_does_not_wait_for_a_migration_that_runs(database_url: str) -> None:
    with migrate.locked(database_url):
        assert migration.plan(database_url) == migration.Planned(revisions.latest(), ())


def test_a_plan_for_a_newer_schema_is_refused(database_url: str) -> None:
    fetch(
        database_url,
        "INSERT INTO authly.schema_migrations (revision, name) VALUES (999, 'x') RETURNING 1",
    )
    with pytest.raises(errors.MigrationError, match="newer than this program's"):
        migration.plan(database_url)
