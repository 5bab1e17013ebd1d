"""A ResourceQuota that refuses pods: the conditions say so, nothing is lost, and it passes."""

from collections.abc import Callable, Iterator

import pytest
from tests.operator_faults import world as worlds
from tests.operator_faults.kubernetes_api import (
    APPLY,
    Object,
    condition,
    custom,
    is_ready,
    told,
    wait_until,
)
from tests.operator_faults.operators import Operator
from tests.operator_faults.world import World


LONG = 150.0


@pytest.fixture
def operator(world: World) -> Iterator[Operator]:
    """An operator of a namespace in which there is nothing yet but a database."""
    namespace = world.namespace("quota")
    world.database(namespace)
    made = world.operator(namespace)
    made.start()
    yield made
    made.end()


def allow(world: World, namespace: str, pods: int) -> None:
    """The namespace may have so many pods that are not over."""
    quota = {
        "apiVersion": "v1",
        "kind": "ResourceQuota",
        "metadata": {"name": "pods", "namespace": namespace},
        "spec": {"hard": {"pods": str(pods)}},
    }
    place = f"/api/v1/namespaces/{namespace}/resourcequotas/pods"
    owner = {"fieldManager": "people", "force": "true"}
    told(world.api.http.patch(place, json=quota, params=owner, headers=APPLY))

    def counts() -> bool:
        hard = (told(world.api.http.get(place)).get("status") or {}).get("hard") or {}
        return bool(hard.get("pods") == str(pods))

    wait_until("a quota that counts", counts)


def says(kind: str, reason: str, text: str) -> Callable[[Object], bool]:
    """Whether the condition of that type is False for that reason, and Ready is no other."""

    def holds(found: Object) -> bool:
        one, ready = condition(found, kind), condition(found)
        is_told = (one.get("status"), one.get("reason")) == ("False", reason)
        return is_told and text in one["message"] and ready["status"] == "False"

    return holds


def test_a_migration_without_a_pod_says_so_and_goes_on_when_it_may(
    world: World, operator: Operator
) -> None:
    place = ("AuthlyServer", operator.name, "main")
    allow(world, operator.name, 0)
    world.api.apply(worlds.server(operator.name))
    world.api.wait_for(*place, says("Migrated", "PodsRefused", "quota"), LONG)
    assert world.api.select("Deployment", operator.name) == []
    allow(world, operator.name, 2)
    world.api.wait_for(*place, is_ready, LONG)


def test_a_database_without_a_pod_says_so(world: World, operator: Operator) -> None:
    allow(world, operator.name, 0)
    spec = {"issuer": "https://db.example.com", "database": {"managed": {}}}
    world.api.apply(custom("AuthlyServer", operator.name, "db", spec))
    place = ("AuthlyServer", operator.name, "db")
    world.api.wait_for(*place, says("DatabaseReady", "PodsRefused", "quota"), LONG)


def test_replicas_that_are_refused_are_told_and_those_of_before_serve(
    world: World, operator: Operator
) -> None:
    place = ("AuthlyServer", operator.name, "main")
    world.api.apply(worlds.server(operator.name))
    world.api.wait_for(*place, is_ready, LONG)
    before = world.api.secret(operator.name, "main-credentials")
    allow(world, operator.name, 1)
    world.api.apply(worlds.server(operator.name, replicas=3))
    found = world.api.wait_for(*place, says("Progressing", "ReplicaFailure", "quota"), LONG)
    assert condition(found, "EndpointReady")["status"] == "True"
    allow(world, operator.name, 5)
    world.api.wait_for(*place, is_ready, LONG)
    assert world.api.secret(operator.name, "main-credentials") == before
