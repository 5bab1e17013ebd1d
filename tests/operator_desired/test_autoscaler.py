"""Who owns the number of replicas, judged by a real kube-apiserver's managed fields."""

import copy
import dataclasses
import os
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from tests.operator_desired import plans

from authly_operator.cluster import apply, client
from authly_operator.desired import autoscaler, deployment, disruption_budget
from authly_operator.observed import Manifest
from cluster import handle


pytestmark = pytest.mark.control_plane

AUTOSCALED = {**plans.MINIMAL, "autoscaling": {"min": 3, "max": 6, "cpu": 70}}
IDENTITY = dataclasses.replace(plans.IDENTITY, namespace="default")


@pytest.fixture(scope="module")
def control_plane() -> Iterator[handle.Cluster]:
    cluster = handle.Cluster(f"test-autoscaler-{os.getpid()}")
    try:
        cluster.up(control_plane=True)
        yield cluster
    finally:
        cluster.down()


@pytest.fixture
async def api(control_plane: handle.Cluster) -> AsyncIterator[client.Client]:
    connected = await client.Client.connect(str(control_plane.place.kubeconfig))
    yield connected
    found = await connected.get("Deployment", "default", "main")
    assert found is not None
    await connected.delete("Deployment", "default", "main", found["metadata"]["uid"])
    await connected.close()


async def reconcile(api: client.Client, spec: dict[str, Any]) -> int:
    """Bring the Deployment to the spec, as a pass of the operator does; the replicas it has."""
    seen = await api.get("Deployment", "default", "main")
    around = {("Deployment", "main"): seen} if seen else {}
    plan = plans.plan(spec, identity=IDENTITY, children=around)
    applied = await apply.Applier(api).apply([deployment.build(plan)], around)
    assert applied.failures == ()
    return await replicas(api)


async def replicas(api: client.Client) -> int:
    found = await api.get("Deployment", "default", "main")
    assert found is not None
    return int(found["spec"]["replicas"])


def scale(control_plane: handle.Cluster, count: int) -> None:
    """As the autoscaler does it: by the scale subresource."""
    control_plane.kubectl("scale", "deployment/main", f"--replicas={count}")


async def test_an_autoscaler_is_left_alone_from_the_first_number_that_it_writes(
    api: client.Client, control_plane: handle.Cluster
) -> None:
    assert await reconcile(api, AUTOSCALED) == 3
    scale(control_plane, 5)
    assert await reconcile(api, AUTOSCALED) == 5
    relabelled = {**AUTOSCALED, "podTemplate": {"labels": {"team": "a"}}}
    assert await reconcile(api, relabelled) == 5
    scale(control_plane, 4)
    assert await reconcile(api, relabelled) == 4


async def test_a_server_that_runs_keeps_its_replicas_when_an_autoscaler_takes_over(
    api: client.Client, control_plane: handle.Cluster
) -> None:
    assert await reconcile(api, {**plans.MINIMAL, "replicas": 5}) == 5
    assert await reconcile(api, AUTOSCALED) == 5
    assert await reconcile(api, AUTOSCALED) == 5
    scale(control_plane, 3)
    assert await reconcile(api, AUTOSCALED) == 3


async def test_the_spec_counts_again_without_the_autoscaler_and_zero_always_does(
    api: client.Client, control_plane: handle.Cluster
) -> None:
    await reconcile(api, AUTOSCALED)
    scale(control_plane, 6)
    assert await reconcile(api, {**AUTOSCALED, "replicas": 0}) == 0
    assert await reconcile(api, AUTOSCALED) == 3
    scale(control_plane, 6)
    assert await reconcile(api, {**plans.MINIMAL, "replicas": 2}) == 2


async def test_a_steady_state_writes_nothing_whoever_owns_the_number(
    api: client.Client, control_plane: handle.Cluster
) -> None:
    await reconcile(api, AUTOSCALED)
    for count in (None, 4):
        if count:
            scale(control_plane, count)
            await reconcile(api, AUTOSCALED)
        seen: Manifest = copy.deepcopy(await api.get("Deployment", "default", "main") or {})
        plan = plans.plan(AUTOSCALED, identity=IDENTITY, children={("Deployment", "main"): seen})
        applied = await apply.Applier(api).apply(
            [deployment.build(plan)], {("Deployment", "main"): seen}
        )
        assert applied == apply.Applied()


def test_a_budget_follows_the_least_number_of_replicas() -> None:
    one = {**AUTOSCALED, "autoscaling": {"min": 1, "max": 9, "cpu": 70}, "replicas": 3}

    assert not disruption_budget.is_wanted(plans.plan(one))
    assert disruption_budget.is_wanted(plans.plan({**AUTOSCALED, "replicas": 1}))


def test_a_server_without_autoscaling_has_no_autoscaler() -> None:
    assert not autoscaler.is_wanted(plans.plan())
    with pytest.raises(LookupError, match="no autoscaling"):
        autoscaler.build(plans.plan())
