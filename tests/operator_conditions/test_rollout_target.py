"""When a workload of somebody else runs with its present pod template everywhere."""

from typing import Any

import pytest

from authly_operator.conditions import rollout_target


ALL = {"updatedReplicas": 3, "availableReplicas": 3, "replicas": 3}


def workload(kind: str, status: dict[str, Any], replicas: int | None = 3) -> dict[str, Any]:
    spec = {} if replicas is None else {"replicas": replicas}
    told = {"observedGeneration": 2, **status}
    return {"kind": kind, "metadata": {"generation": 2}, "spec": spec, "status": told}


@pytest.mark.parametrize("kind", ["Deployment", "StatefulSet"])
def test_it_is_when_every_pod_is_new_and_available(kind: str) -> None:
    assert rollout_target.is_rolled_out(workload(kind, ALL))
    assert rollout_target.is_rolled_out(workload(kind, {}, replicas=0))
    one = {"updatedReplicas": 1, "availableReplicas": 1, "replicas": 1}
    assert rollout_target.is_rolled_out(workload(kind, one, replicas=None))


@pytest.mark.parametrize("kind", ["Deployment", "StatefulSet"])
@pytest.mark.parametrize(
    "lacking",
    [
        {"observedGeneration": 1},
        {"updatedReplicas": 2},
        {"availableReplicas": 2},
        {"availableReplicas": None},
    ],
)
def test_it_is_not_while_a_pod_is_old_or_missing(kind: str, lacking: dict[str, Any]) -> None:
    assert not rollout_target.is_rolled_out(workload(kind, ALL | lacking))


def test_a_deployment_is_not_while_an_old_pod_serves_beside_the_new_ones() -> None:
    assert not rollout_target.is_rolled_out(workload("Deployment", ALL | {"replicas": 4}))


def test_a_daemon_set_counts_its_nodes() -> None:
    there = {"desiredNumberScheduled": 2, "updatedNumberScheduled": 2, "numberAvailable": 2}
    assert rollout_target.is_rolled_out(workload("DaemonSet", there, None))
    for key in ("updatedNumberScheduled", "numberAvailable"):
        assert not rollout_target.is_rolled_out(workload("DaemonSet", there | {key: 1}, None))


def test_what_has_no_status_yet_is_not() -> None:
    found = {"kind": "Deployment", "metadata": {"generation": 1}, "spec": {"replicas": 1}}
    assert not rollout_target.is_rolled_out(found)
