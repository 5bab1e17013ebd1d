"""One database and one server process a module, and a person who is signed in to it."""

import contextlib
import itertools
from collections.abc import Iterator

import httpx
import pytest
from tests.server.http.administering import Desk

from throwaway import (
    instance as throwaway_instance,
    postgres as throwaway_postgres,
    publisher,
    smtp,
)
from throwaway.instance import Instance
from throwaway.publisher import Publisher
from throwaway.smtp import Mailbox


_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def module_database_url(
    postgres: throwaway_postgres.Cluster, migrated_template: str
) -> Iterator[str]:
    """The owner's URL of a migrated database of the module's own."""
    name = f"http_{next(_numbers)}"
    yield postgres.create_database(name, template=migrated_template)
    postgres.drop_database(name)


@pytest.fixture(scope="module")
def host() -> Iterator[Publisher]:
    """A host over TLS, which the server asks for documents, and tells of logouts."""
    with contextlib.closing(publisher.start()) as started:
        yield started


@pytest.fixture(scope="module")
def reaching(host: Publisher) -> dict[str, str]:
    """Settings by which the server reaches that host."""
    return {
        "OUTBOUND_ALLOWED_NETWORKS": "127.0.0.1/32,::1/128",
        "OUTBOUND_ALLOWED_PORTS": f"443,{host.port}",
        "OUTBOUND_CA_FILE": str(host.authority),
    }


@pytest.fixture(scope="module")
def box() -> Iterator[Mailbox]:
    """Where the server's mail arrives."""
    with contextlib.closing(smtp.start()) as started:
        yield started


@pytest.fixture(scope="module")
def settings() -> dict[str, str]:
    """Settings of the module's server; a module that wants others overrides this.

    Without a cache a changed client is seen by the very next request; caching has its own tests.
    """
    return {"CACHE_TTL": "0"}


@pytest.fixture(scope="module")
def instance(module_database_url: str, settings: dict[str, str]) -> Iterator[Instance]:
    """The module's server."""
    with throwaway_instance.running(module_database_url, tls=False, **settings) as running:
        yield running


@pytest.fixture(scope="module")
def desk(instance: Instance) -> Iterator[Desk]:
    """Where administrators ask; for modules whose settings let them in."""
    with httpx.Client(base_url=instance.server.admin_url, timeout=30) as http:
        yield Desk(instance, http)
