"""Roles whose passwords were rotated away: locked once nobody uses them, and made usable again."""

import itertools
import threading
from collections.abc import Iterator

import psycopg
import pytest
from psycopg import conninfo, sql

from authly_server.storage import errors, migration, role_lock
from throwaway import postgres as throwaway_postgres


_numbers = itertools.count(1)


@pytest.fixture
def server_url(postgres: throwaway_postgres.Cluster, database_url: str) -> Iterator[str]:
    """The URL of a role that the server would use."""
    database = str(conninfo.conninfo_to_dict(database_url)["dbname"])
    name = f"locked {next(_numbers)}"
    url = postgres.url(database, user=name.replace(" ", "%20"), password="first")
    migration.run(database_url, server_url=url)
    yield url
    postgres.drop_database(database)
    postgres.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(name)))


def name_of(url: str) -> str:
    return str(conninfo.conninfo_to_dict(url)["user"])


def test_nobody_signs_in_as_a_locked_role(database_url: str, server_url: str) -> None:
    assert role_lock.run(database_url, server_url, None) == (name_of(server_url),)
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(server_url)
    assert role_lock.run(database_url, server_url) == (name_of(server_url),)


def test_a_locked_role_is_taken_into_use_again_by_a_migration(
    database_url: str, server_url: str
) -> None:
    role_lock.run(database_url, server_url)
    anew = server_url.replace("first", "second")
    migration.run(database_url, server_url=anew)
    psycopg.connect(anew).close()
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(server_url)


def test_a_role_that_is_used_is_left_alone_and_named(database_url: str, server_url: str) -> None:
    with (
        psycopg.connect(server_url),
        pytest.raises(errors.MigrationError, match="still used") as raised,
    ):
        role_lock.run(database_url, server_url, patience=0)
    assert name_of(server_url) in str(raised.value)
    psycopg.connect(server_url).close()


def test_a_role_is_locked_as_soon_as_its_last_connection_is_over(
    database_url: str, server_url: str
) -> None:
    end = threading.Timer(0.5, psycopg.connect(server_url).close)
    end.start()
    assert role_lock.run(database_url, server_url) == (name_of(server_url),)
    assert end.finished.is_set()


def test_a_role_that_does_not_exist_is_as_good_as_locked(database_url: str) -> None:
    migration.run(database_url)
    assert role_lock.run(database_url, "postgresql://nobody_of_that_name@h/d") == ()


def test_the_owner_does_not_lock_himself_out(database_url: str) -> None:
    migration.run(database_url)
    assert role_lock.run(database_url, database_url) == ()
    psycopg.connect(database_url).close()


def test_a_role_with_another_password_is_told_of_before_anything_depends_on_it(
    postgres: throwaway_postgres.Cluster, database_url: str, server_url: str
) -> None:
    plain = f"plain_lock_{next(_numbers)}"
    role = sql.Identifier(plain)
    postgres.execute(sql.SQL("CREATE ROLE {} LOGIN PASSWORD 'p'").format(role))
    postgres.execute(sql.SQL("GRANT {} TO owner").format(role))
    postgres.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(role, role))
    owner = postgres.url(plain, user=plain, password="p")
    try:
        with pytest.raises(errors.MigrationError, match="cannot sign in") as raised:
            migration.run(owner, server_url=server_url.replace("first", "hunter2"))
        with pytest.raises(errors.MigrationError, match=r"have a DBA run: ALTER ROLE"):
            role_lock.run(owner, server_url)
    finally:
        postgres.drop_database(plain)
        postgres.execute(sql.SQL("DROP ROLE {}").format(role))
    assert name_of(server_url) in str(raised.value)
    assert "hunter2" not in str(raised.value)
