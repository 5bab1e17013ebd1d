"""What tests of several floors share: a real PostgreSQL, and a fresh database for each test."""

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests import outcome, parts

from authly_server.storage import migrate
from throwaway import nursery, postgres as throwaway_postgres


_numbers = itertools.count(1)


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    return parts.is_elsewhere(collection_path, config.option.markexpr) or None


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(outcome.Keeper())


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        parts.check(item)


@pytest.fixture(scope="session", autouse=True)
def forks() -> Iterator[nursery.Nursery]:
    """Servers are forks of one process that has imported all; those in images start whole."""
    with nursery.forking() as forking:
        yield forking


@pytest.fixture(scope="session")
def postgres() -> Iterator[throwaway_postgres.Cluster]:
    """A PostgreSQL cluster for the whole session; tests that stop it start one of their own."""
    cluster = throwaway_postgres.create()
    yield cluster
    cluster.close()


@pytest.fixture(scope="session")
def migrated_template(postgres: throwaway_postgres.Cluster) -> str:
    """The name of a migrated database that nobody connects to: copies of it are quick."""
    with migrate.locked(postgres.create_database("authly_template")) as connection:
        migrate.upgrade(connection)
    return "authly_template"


@pytest.fixture
def database_url(postgres: throwaway_postgres.Cluster, migrated_template: str) -> Iterator[str]:
    """The owner's URL of a migrated database of the test's own."""
    name = f"authly_{next(_numbers)}"
    yield postgres.create_database(name, template=migrated_template)
    postgres.drop_database(name)


@pytest.fixture
def empty_database_url(postgres: throwaway_postgres.Cluster) -> Iterator[str]:
    """The owner's URL of a database of the test's own in which nothing is."""
    name = f"empty_{next(_numbers)}"
    yield postgres.create_database(name)
    postgres.drop_database(name)
