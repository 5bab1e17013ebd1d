"""A server whose PostgreSQL is away at its start, goes later, or fails over to a standby."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from psycopg import conninfo, sql
from tests.operator_faults import world as worlds
from tests.operator_faults.kubernetes_api import Object, condition, is_ready, opaque, wait_until
from tests.operator_faults.operators import Operator
from tests.operator_faults.registration import Registration
from tests.operator_faults.world import World

from throwaway import postgres as throwaway_postgres
from throwaway.postgres import Cluster as Postgres, signs_in


LONG = 150.0
"""Seconds: a server that is well is looked at once a minute."""


@dataclass(frozen=True)
class Standby:
    """Plays a failover on one PostgreSQL: what answers is in recovery until it is promoted."""

    cluster: Postgres

    def begin(self) -> None:
        self.cluster.stop()
        self._mark.touch()
        self.cluster.start()

    def promote(self) -> None:
        self.cluster.stop()
        self._mark.unlink()
        self.cluster.start()

    @property
    def _mark(self) -> Path:
        return self.cluster.directory / "data" / "standby.signal"


@pytest.fixture(scope="module")
def own() -> Iterator[Postgres]:
    """A PostgreSQL that nobody else's tests use."""
    cluster = throwaway_postgres.create()
    yield cluster
    cluster.close()


@pytest.fixture(scope="module")
def operator(world: World, own: Postgres) -> Iterator[Operator]:
    """An operator with a server whose database is away, and was never there."""
    namespace = world.namespace("away")
    url = own.create_database("authly")
    own.stop()
    world.api.apply(opaque(namespace, "database", url=url))
    world.api.apply(worlds.server(namespace))
    started = world.operator(namespace)
    started.start()
    yield started
    started.end()


def is_unreachable(found: Object) -> bool:
    told = condition(found, "DatabaseReady")
    ready = condition(found)
    return (told.get("status"), told.get("reason")) == ("False", "DatabaseUnreachable") and (
        ready["status"] == "False"
    )


def takes_no_writes(found: Object) -> bool:
    """What a standby is told by; it was away before, as it came up, and that may be told first."""
    return is_unreachable(found) and "it takes no writes" in condition(found)["message"]


def children(world: World, namespace: str) -> dict[str, str]:
    return {
        f"{kind}/{child['metadata']['name']}": child["metadata"]["uid"]
        for kind in ("Deployment", "Service", "Secret", "ConfigMap", "Job")
        for child in world.api.select(kind, namespace, "app.kubernetes.io/instance=main")
    }


def test_nothing_serves_before_its_database_is_there(
    world: World, own: Postgres, operator: Operator
) -> None:
    place = ("AuthlyServer", operator.name, "main")
    found = world.api.wait_for(*place, is_unreachable, LONG)
    assert "check that it runs" in condition(found)["message"]
    assert world.api.select("Deployment", operator.name) == []
    own.start()
    world.api.wait_for(*place, is_ready, LONG)


def test_a_database_that_goes_is_told_and_so_is_its_return(
    world: World, own: Postgres, operator: Operator
) -> None:
    place = ("AuthlyServer", operator.name, "main")
    client = Registration(world, operator.name, operator.name, 1)
    client.apply_scope()
    client.apply_client()
    wait_until("a client", client.client_is_ready, LONG)
    before = children(world, operator.name)
    own.crash()
    world.api.wait_for(*place, is_unreachable, LONG)
    own.start()
    world.api.wait_for(*place, is_ready, LONG)
    assert children(world, operator.name) == before
    wait_until("a token", client.gets_a_token)


def test_a_standby_is_no_database_and_nothing_that_was_asked_for_meanwhile_is_lost(
    world: World, own: Postgres, operator: Operator
) -> None:
    place = ("AuthlyServer", operator.name, "main")
    client = Registration(world, operator.name, operator.name, 2)
    client.apply_scope()
    client.apply_client()
    wait_until("a client", client.client_is_ready, LONG)
    before = children(world, operator.name)
    standby = Standby(own)
    standby.begin()
    world.api.wait_for(*place, takes_no_writes, LONG)
    client.rename()
    assert not client.client_is_ready()
    standby.promote()
    world.api.wait_for(*place, is_ready, LONG)
    wait_until("the edit", client.client_is_ready, LONG)
    client.check()
    assert children(world, operator.name) == before


def test_passwords_that_somebody_changed_in_the_database_are_set_again(
    world: World, own: Postgres, operator: Operator
) -> None:
    """As those are that a cluster comes back with which was put back to before a rotation."""
    place = ("AuthlyServer", operator.name, "main")
    world.api.wait_for(*place, is_ready, LONG)
    credentials = world.api.secret(operator.name, "main-credentials")
    urls = [credentials[key] for key in ("DATABASE_URL", "OPERATOR_DATABASE_URL")]
    for url in urls:
        role = sql.Identifier(str(conninfo.conninfo_to_dict(url)["user"]))
        own.execute(sql.SQL("ALTER ROLE {} NOLOGIN PASSWORD NULL").format(role))
    assert not any(map(signs_in, urls))
    wait_until("roles that may sign in", lambda: all(map(signs_in, urls)), 2 * LONG)
    world.api.wait_for(*place, is_ready, LONG)
