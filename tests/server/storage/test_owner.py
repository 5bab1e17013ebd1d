"""Several URLs of one owner, of which one is good: whoever asks takes that."""

import itertools
from collections.abc import Iterator

import psycopg
import pytest
from psycopg import sql

from authly_server.storage import owner
from authly_server.storage.errors import MigrationError
from throwaway import postgres as throwaway_postgres


_numbers = itertools.count(1)


@pytest.fixture
def urls(postgres: throwaway_postgres.Cluster) -> Iterator[tuple[str, str, str]]:
    """The good one of a role that owns a database, and two others."""
    name = f"owned_{next(_numbers)}"
    role = sql.Identifier(name)
    postgres.execute(sql.SQL("CREATE ROLE {} LOGIN PASSWORD 'good'").format(role))
    postgres.execute(sql.SQL("GRANT {} TO owner").format(role))
    postgres.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(role, role))
    good, next_one, former = (
        postgres.url(name, user=name, password=password) for password in ("good", "next", "former")
    )
    yield good, next_one, former
    postgres.drop_database(name)
    postgres.execute(sql.SQL("DROP ROLE {}").format(role))


def test_the_first_url_that_is_good_is_taken(urls: tuple[str, str, str]) -> None:
    good, next_one, former = urls
    assert owner.usable(good, next_one, former) == good
    assert owner.usable(next_one, good, former) == good
    assert owner.usable(former, None, good) == good


def test_where_none_is_good_the_first_one_tells_why(urls: tuple[str, str, str]) -> None:
    _, next_one, former = urls
    assert owner.usable(next_one, former) == next_one
    assert owner.usable("postgresql://u@127.0.0.1:1/d", None) == "postgresql://u@127.0.0.1:1/d"


def test_a_password_is_set_as_often_as_one_likes(urls: tuple[str, str, str]) -> None:
    good, next_one, _ = urls
    owner.set_passwords(good, next_one, None)
    assert owner.usable(good, next_one) == next_one
    owner.set_passwords(next_one, next_one)
    psycopg.connect(next_one).close()


def test_passwords_are_set_all_or_none_and_the_failure_shows_none(
    urls: tuple[str, str, str],
) -> None:
    good, next_one, _ = urls
    with pytest.raises(MigrationError) as raised:
        owner.set_passwords(good, next_one, "postgresql://nobody_of_that_name:canary@/")
    assert "canary" not in str(raised.value)
    psycopg.connect(good).close()


def test_whoever_else_is_the_owner_is_named(urls: tuple[str, str, str]) -> None:
    good, _, _ = urls
    with psycopg.connect(good, autocommit=True) as connection:
        assert owner.others(connection) == []
        with psycopg.connect(good):
            assert owner.others(connection) == [f"{connection.info.user} from 127.0.0.1"]
