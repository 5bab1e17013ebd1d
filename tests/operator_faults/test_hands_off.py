"""Resources that the operator leaves alone: told so, and what is going makes no noise."""

from collections.abc import Iterator

import pytest
from tests.operator_faults import world as worlds
from tests.operator_faults.kubernetes_api import Object, condition, custom, is_ready
from tests.operator_faults.operators import Operator
from tests.operator_faults.world import World


OFF = {"metadata": {"annotations": {"authly.dev/reconcile": "disabled"}}}
ON = {"metadata": {"annotations": {"authly.dev/reconcile": None}}}
GRANTS = {"grantTypes": ["client_credentials"]}


@pytest.fixture(scope="module")
def operator(world: World) -> Iterator[Operator]:
    """An operator of a namespace with a server, a scope and a client that are Ready."""
    namespace = world.namespace("hands")
    world.database(namespace)
    world.api.apply(worlds.server(namespace))
    reference = {"serverRef": {"name": "main"}}
    world.api.apply(custom("AuthlyScope", namespace, "main", {**reference, "name": "orders"}))
    world.api.apply(custom("AuthlyClient", namespace, "main", {**reference, **GRANTS}))
    # Its Lease is elsewhere: with the namespace that goes it would lose it, and lead no more.
    started = world.operator(namespace, AUTHLY_OPERATOR_NAMESPACE=world.namespace("office"))
    started.start()
    yield started
    started.end()


KINDS = ("AuthlyServer", "AuthlyScope", "AuthlyClient")


def is_paused(resource: Object) -> bool:
    return condition(resource, "Paused").get("status") == "True"


@pytest.mark.parametrize("kind", KINDS)
def test_a_resource_with_the_annotation_says_that_it_is_left_alone_until_it_is_not(
    world: World, operator: Operator, kind: str
) -> None:
    api, place = world.api, (kind, operator.name, "main")
    before = api.wait_for(*place, is_ready)
    api.merge(*place, OFF)
    paused = api.wait_for(*place, is_paused)
    others = [one for one in paused["status"]["conditions"] if one["type"] != "Paused"]
    assert others == [one for one in before["status"]["conditions"] if one["type"] != "Paused"]
    assert "remove it" in condition(paused, "Paused")["message"]
    api.merge(*place, ON)
    api.wait_for(*place, lambda found: is_ready(found) and not is_paused(found))


def test_a_namespace_that_is_deleted_goes_and_nobody_is_warned(
    world: World, operator: Operator
) -> None:
    for kind in KINDS:
        world.api.wait_for(kind, operator.name, "main", is_ready)
    world.api.delete("Namespace", None, operator.name)
    world.api.wait_gone("Namespace", None, operator.name)
    told = [one for one in operator.records() if one["event"] == "event_not_posted"]
    assert [one for one in told if one["level"] != "debug"] == []
