"""Replicas that count requests together in a Redis which the operator runs."""

from typing import Final

import pytest
from tests.e2e import installation, kube as kubes, load as loads
from tests.e2e.instance import Application, Instance
from tests.e2e.kube import Kube
from tests.e2e.surroundings import steady_pods, wait_rolled_out


REPLICAS: Final = 2
AT_ONCE: Final = 10
GUESSES: Final = 36
LIMIT: Final = {"enabled": True, "authRequestsPerMinute": 1, "burst": AT_ONCE - 1}
SMALL: Final = {"requests": {"cpu": "5m", "memory": "32Mi"}, "limits": {"memory": "128Mi"}}
MANAGEMENT_PORT: Final = 9000


@pytest.fixture(scope="module")
def counting(kube: Kube, instance: Instance) -> Instance:
    """The instance with a limit of ten guesses at once, counted in Redis."""
    installation.load(kube, installation.build("redis"))
    instance.change({"redis": {"managed": {"resources": SMALL}}, "security": {"rateLimit": LIMIT}})
    wait_rolled_out(instance, REPLICAS)
    wait_shared(instance)
    return instance


def is_shared(instance: Instance) -> list[bool]:
    """Of each replica, whether it counts in Redis."""
    return [_shares(instance, name) for name in kubes.names(steady_pods(instance, REPLICAS))]


def _shares(instance: Instance, pod: str) -> bool:
    path = f"/api/v1/namespaces/{instance.namespace}/pods/{pod}:{MANAGEMENT_PORT}/proxy/metrics"
    return "\nauthly_limits_shared 1.0\n" in instance.kube.run("get", "--raw", path)


def wait_shared(instance: Instance) -> None:
    instance.kube.wait_until("replicas that count together", lambda: all(is_shared(instance)), 90)


def redis_pod(instance: Instance) -> str:
    (pod,) = instance.pods("redis")
    return str(pod["metadata"]["name"])


def guess(instance: Instance, client_id: str) -> int:
    wrong = Application(client_id, "guess")
    return instance.post("/token", wrong, grant_type="client_credentials").status_code


def test_replicas_admit_together_what_one_alone_would(counting: Instance) -> None:
    client_id = counting.machine.client_id
    statuses = [guess(counting, client_id) for _ in range(GUESSES)]
    assert set(statuses) == {401, 429}
    assert AT_ONCE <= statuses.count(401) <= AT_ONCE + 3  # one more is earned in each minute
    assert counting.token()["token_type"] == "Bearer"


def test_a_redis_that_loses_its_pod_costs_no_request(counting: Instance) -> None:
    lost = redis_pod(counting)
    with loads.running(counting, loads.for_tokens(counting)) as load:
        counting.kube.delete("pod", lost, counting.namespace, "--grace-period=0", "--force")
        counting.kube.wait_until(
            "another pod of Redis",
            lambda: [lost] != kubes.names(counting.pods("redis")) != [],
        )
        wait_shared(counting)
        counting.kube.wait_until("twenty answers", lambda: len(load.answers) > 20)
    assert load.failed == []


def test_a_redis_that_nobody_wants_goes_and_each_replica_counts_alone(counting: Instance) -> None:
    counting.change({"redis": None})
    wait_rolled_out(counting, REPLICAS)
    assert is_shared(counting) == [False, False]
    counting.kube.wait_until("the end of Redis", lambda: counting.pods("redis") == [])
    assert counting.kube.find("service", "main-redis", counting.namespace) is None
    assert counting.token()["token_type"] == "Bearer"
