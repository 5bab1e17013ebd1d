"""What plays the kubelet leaves no process behind: it would hold on to its database."""

import httpx
import pytest
from tests.operator_faults import world as worlds
from tests.operator_faults.kubelet import Environ, Kubelet
from tests.operator_faults.kubernetes_api import Object, is_ready, wait_until
from tests.operator_faults.operators import Operator
from tests.operator_faults.world import World

from authly_operator import naming


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


class Starting:
    """A database that counts how often it is started."""

    times = 0

    def start(self, _: Environ) -> None:
        self.times += 1

    def run(self, command: str, _: Environ) -> Object:
        raise AssertionError(command)


def test_a_database_starts_once_for_a_pod_also_where_it_is_told_of_late(world: World) -> None:
    database = Starting()
    kubelet = Kubelet(world.api, world.serve, world.stop, databases={"nowhere": database})
    labels = {naming.COMPONENT_LABEL: naming.Component.DATABASE.value}
    metadata = {"name": "main-database-0", "namespace": "nowhere", "uid": "1", "labels": labels}
    pod: Object = {
        "metadata": metadata,
        "spec": {"containers": [{"name": "postgres"}]},
        "status": {"phase": "Pending"},
    }
    for _ in range(2):
        kubelet._take(pod)
        wait_until("its start", lambda: not kubelet._busy)
    kubelet.end()
    assert database.times == 1
