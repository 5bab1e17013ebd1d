"""Bringing a schema forward: once, again, twice at once, after a crash, and never backward."""

import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import psycopg
import pytest

from authly_server.storage import bootstrap, errors, migrate, migration, revisions
from authly_server.storage.bootstrap import Administrator
from authly_server.storage.revisions import Revision


def fetch(url: str, statement: str) -> Any:
    with psycopg.connect(url, autocommit=True) as connection:
        row = connection.execute(statement.encode()).fetchone()
    return None if row is None else row[0]


def execute(url: str, statement: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(statement.encode())


def upgrade(url: str, *wanted: Revision) -> tuple[int, ...]:
    with migrate.locked(url) as connection:
        applied = migrate.upgrade(connection, wanted or None)
    return tuple(revision.number for revision in applied)


def test_an_empty_database_gets_every_revision_and_a_second_run_none(
    empty_database_url: str,
) -> None:
    assert upgrade(empty_database_url) == tuple(range(1, revisions.latest() + 1))
    assert upgrade(empty_database_url) == ()


def test_revisions_are_numbered_without_gaps() -> None:
    numbers = [revision.number for revision in revisions.every()]
    assert numbers == list(range(1, len(numbers) + 1))


def test_two_processes_at_once_apply_each_revision_once(empty_database_url: str) -> None:
    program = (
        "import sys; from authly_server.storage import migration;"
        "print(len(migration.run(sys.argv[1]).applied))"
    )
    server = Path(__file__).parents[3] / "server"
    processes = [
        subprocess.Popen(  # noqa: S603  # this test's own program
            [sys.executable, "-c", program, empty_database_url],
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | {"PYTHONPATH": str(server)},
        )
        for _ in range(2)
    ]
    outputs = sorted(process.communicate(timeout=60)[0].strip() for process in processes)
    assert [process.returncode for process in processes] == [0, 0]
    assert outputs == ["0", str(revisions.latest())]


def test_a_newer_schema_is_refused_and_left_alone(database_url: str) -> None:
    execute(database_url, "INSERT INTO authly.schema_migrations (revision, name) VALUES (999, 'x')")
    with pytest.raises(errors.MigrationError, match="revision 999, newer than this program's"):
        migration.run(database_url, administrator=administrator("a@example.org"))
    assert fetch(database_url, "SELECT count(*) FROM authly.users") == 0


def test_a_failing_revision_leaves_no_half_of_itself(empty_database_url: str) -> None:
    good = Revision(1, "good", "CREATE TABLE authly.good ();")
    bad = Revision(2, "bad", "CREATE TABLE authly.half (); SELECT 1 / 0;")
    with pytest.raises(errors.MigrationError, match=r"^migration 0002 bad: division by zero$"):
        upgrade(empty_database_url, good, bad)
    assert fetch(empty_database_url, "SELECT to_regclass('authly.good')") is not None
    assert fetch(empty_database_url, "SELECT to_regclass('authly.half')") is None
    mended = Revision(2, "bad", "CREATE TABLE authly.half ();")
    assert upgrade(empty_database_url, good, mended) == (2,)


def test_an_index_that_a_killed_run_left_invalid_is_built_again(empty_database_url: str) -> None:
    table = Revision(
        1, "table", "CREATE TABLE authly.t (n int); INSERT INTO authly.t VALUES (1), (1);"
    )
    index = Revision(
        2,
        "index",
        "-- authly: without transaction\n"
        "CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS t_n ON authly.t (n);\n",
    )
    with pytest.raises(errors.MigrationError, match="could not create unique index"):
        upgrade(empty_database_url, table, index)
    execute(empty_database_url, "DELETE FROM authly.t")
    assert upgrade(empty_database_url, table, index) == (2,)
    valid = "SELECT indisvalid FROM pg_index WHERE indexrelid = 'authly.t_n'::regclass"
    assert fetch(empty_database_url, valid) is True


def test_indexes_are_built_while_another_runner_waits_for_the_lock(empty_database_url: str) -> None:
    waiting = threading.Thread(target=upgrade, args=(empty_database_url,))
    with migrate.locked(empty_database_url) as connection:
        waiting.start()
        time.sleep(0.5)
        migrate.upgrade(connection)
    waiting.join(timeout=30)
    assert not waiting.is_alive()


def test_patience_with_another_runner_ends(database_url: str) -> None:
    with (
        migrate.locked(database_url),
        pytest.raises(errors.MigrationError, match="another migration"),
        migrate.locked(database_url, patience=0.3),
    ):
        pass


def test_a_long_transaction_of_somebody_else_fails_the_migration_and_no_queue_forms(
    database_url: str,
) -> None:
    change = Revision(999, "change", "ALTER TABLE authly.users ADD COLUMN later int;")
    with psycopg.connect(database_url) as reader, migrate.locked(database_url) as connection:
        reader.execute("SELECT count(*) FROM authly.users")
        connection.execute("SET lock_timeout = '200ms'")
        with pytest.raises(errors.MigrationError, match="lock timeout"):
            migrate.upgrade(connection, (*revisions.every(), change))


def test_the_lock_timeout_is_set_for_every_run(database_url: str) -> None:
    with migrate.locked(database_url) as connection:
        assert connection.execute("SHOW lock_timeout").fetchone() == ("10s",)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://owner:hunter2@127.0.0.1:1/authly",
        "postgresql://owner:hunter2@[nowhere/authly",
    ],
)
def test_a_database_that_cannot_be_reached_is_one_line_without_the_password(url: str) -> None:
    with pytest.raises(errors.MigrationError) as raised:
        migration.run(url)
    assert "\n" not in str(raised.value)
    assert "hunter2" not in str(raised.value)


def administrator(email: str, text: str = "hash") -> Administrator:
    """One whose password's hash is the password, so to say."""
    return Administrator(email, lambda: text, text.__eq__)


STATE = "SELECT email || password_hash || is_admin || is_verified FROM authly.users"
EVENTS = "SELECT array_agg(event ORDER BY id) FROM authly.audit_log"


def test_the_first_administrator_is_created_once(empty_database_url: str) -> None:
    def never() -> str:
        raise AssertionError

    wanted = administrator("Root@Example.org")
    assert migration.run(empty_database_url, administrator=wanted).administrator == "created"
    wanted = Administrator("root@example.org", never, lambda _: True)
    assert migration.run(empty_database_url, administrator=wanted).administrator == "unchanged"
    assert fetch(empty_database_url, STATE) == "Root@Example.orghashtruetrue"
    assert fetch(empty_database_url, EVENTS) == ["administrator_created"]


def test_an_administrator_with_another_password_gets_the_present_one_and_signs_in_again(
    empty_database_url: str,
) -> None:
    migration.run(empty_database_url, administrator=administrator("root@example.org"))
    execute(
        empty_database_url,
        "INSERT INTO authly.sessions (digest, user_id, acr, expires_at)"
        " SELECT sha256('x'), id, '1', now() + interval '1 day' FROM authly.users",
    )
    wanted = administrator("root@example.org", "other")
    assert migration.run(empty_database_url, administrator=wanted).administrator == "changed"
    assert fetch(empty_database_url, STATE) == "root@example.orgothertruetrue"
    assert fetch(empty_database_url, "SELECT count(*) FROM authly.sessions") == 0
    assert "administrator_password_changed" in fetch(empty_database_url, EVENTS)
    assert migration.run(empty_database_url, administrator=wanted).administrator == "unchanged"


def test_somebody_of_that_address_who_is_no_administrator_is_left_alone(
    empty_database_url: str,
) -> None:
    migration.run(empty_database_url, administrator=administrator("root@example.org"))
    execute(empty_database_url, "UPDATE authly.users SET is_admin = false")
    wanted = administrator("root@example.org", "other")
    assert migration.run(empty_database_url, administrator=wanted).administrator == "unchanged"
    assert fetch(empty_database_url, STATE) == "root@example.orghashfalsetrue"


def test_the_account_that_each_migration_sees_to_is_marked_and_no_other(
    empty_database_url: str,
) -> None:
    marked = "SELECT string_agg(email, ' ') FROM authly.users WHERE is_bootstrapped"
    for email in ("root@example.org", "other@example.org", "ROOT@example.org"):
        migration.run(empty_database_url, administrator=administrator(email))
        assert fetch(empty_database_url, marked) == email.lower()
    execute(empty_database_url, "UPDATE authly.users SET is_admin = false")
    before = fetch(empty_database_url, "SELECT max(updated_at) FROM authly.users")
    migration.run(empty_database_url, administrator=administrator("root@example.org"))
    assert fetch(empty_database_url, marked) == "root@example.org"
    assert fetch(empty_database_url, "SELECT max(updated_at) FROM authly.users") == before


def test_a_row_that_is_refused_is_not_repeated_in_the_error(database_url: str) -> None:
    with (
        pytest.raises(errors.MigrationError) as raised,
        migrate.locked(database_url) as connection,
    ):
        bootstrap.ensure_administrator(connection, administrator("x", "the secret hash"))
    assert "users_email_length" in str(raised.value)
    assert "the secret hash" not in str(raised.value)
