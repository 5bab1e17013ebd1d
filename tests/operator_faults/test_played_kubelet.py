"""What plays the kubelet leaves no process behind: it would hold on to its database."""

import httpx
import pytest
from tests.operator_faults import world as worlds
from tests.operator_faults.kubernetes_api import is_ready, wait_until
from tests.operator_faults.operators import Operator
from tests.operator_faults.world import World


def answers(world: World, namespace: str) -> bool:
    try:
        return httpx.get(f"{world.servers[namespace].base_url}/health").is_success
    except httpx.TransportError:
        return False


def test_a_process_whose_pod_went_between_two_watches_is_ended(
    world: World, operator: Operator, monkeypatch: pytest.MonkeyPatch
) -> None:
    namespace = operator.name
    assert answers(world, namespace)
    monkeypatch.setattr(world.kubelet, "_lose", lambda _: None)  # nobody is told
    world.api.apply(worlds.server(namespace, replicas=0))
    wait_until("its end", lambda: not answers(world, namespace))
    world.api.apply(worlds.server(namespace, replicas=1))
    wait_until("another one", lambda: answers(world, namespace))
    world.api.wait_for("AuthlyServer", namespace, "main", is_ready)
