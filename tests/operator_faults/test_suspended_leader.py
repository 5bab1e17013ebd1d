"""SIGSTOP of the leader past its Lease: what it was about to write when it wakes is not written."""

import signal
from collections.abc import Iterator

import psycopg
import pytest
from tests.operator_faults import world as worlds
from tests.operator_faults.kubernetes_api import Object, custom, is_ready, wait_until
from tests.operator_faults.operators import LEASE, Operator
from tests.operator_faults.world import World


LOST = 1
"""Exit status of an operator that leads no more."""


@pytest.fixture(scope="module")
def home(world: World) -> str:
    return worlds.home(world)


@pytest.fixture
def pair(world: World) -> Iterator[tuple[Operator, Operator]]:
    """Two replicas for one namespace, of which the first leads."""
    namespace = world.namespace("pair")
    first = world.operator(namespace)
    second = world.operator(
        f"{namespace}-other",
        AUTHLY_NAMESPACES=namespace,
        AUTHLY_OPERATOR_NAMESPACE=namespace,
    )
    first.start()
    wait_until("a leader", lambda: holder(world, namespace).startswith(first.name))
    second.start()
    yield first, second
    for each in (first, second):
        each.end()


def holder(world: World, namespace: str) -> str:
    found = world.api.find("Lease", namespace, LEASE)
    return str(((found or {}).get("spec") or {}).get("holderIdentity") or "")


def display_name(world: World, home: str, client_id: str) -> str:
    url = world.api.secret(home, "main-credentials")["OPERATOR_DATABASE_URL"]
    with psycopg.connect(url, autocommit=True) as connection:
        row = connection.execute("SELECT authly_api.observe_client(%s)", (client_id,)).fetchone()
    assert row is not None
    return str(row[0]["display_name"])


@pytest.mark.parametrize("effect", [0, 1], ids=["before its row", "before its status"])
def test_a_leader_that_was_suspended_past_its_lease_writes_nothing_when_it_wakes(
    world: World, home: str, pair: tuple[Operator, Operator], effect: int
) -> None:
    leader, other = pair
    namespace = leader.name

    def apply(title: str) -> None:
        reference, grants = {"name": "main", "namespace": home}, ["client_credentials"]
        spec = {"serverRef": reference, "grantTypes": grants, "displayName": title}
        world.api.apply(custom("AuthlyClient", namespace, "shop", spec))

    def wait_ready() -> Object:
        return world.api.wait_for("AuthlyClient", namespace, "shop", is_ready)

    apply("First")
    wait_ready()
    leader.doom(effect, signal.SIGSTOP)
    apply("Second")
    wait_until("a suspended leader", lambda: leader.is_suspended)
    leader.spare()
    wait_until("another leader", lambda: holder(world, namespace).startswith(other.name))
    apply("Third")
    wait_ready()
    world.api.wait_for("AuthlyClient", namespace, "shop", is_ready)
    wait_until(
        "the successor's row",
        lambda: display_name(world, home, f"{namespace}.shop") == "Third",
    )
    before = world.api.get("AuthlyClient", namespace, "shop")
    leader.send(signal.SIGCONT)
    wait_until("the end of the leader of before", lambda: leader.exit_status is not None)
    assert leader.exit_status == LOST
    assert display_name(world, home, f"{namespace}.shop") == "Third"
    assert world.api.get("AuthlyClient", namespace, "shop") == before
    assert holder(world, namespace).startswith(other.name)
    stopped = [one for one in leader.records() if one["event"] == "stopped_leading"]
    assert len(stopped) == 1
