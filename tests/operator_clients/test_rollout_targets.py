"""Workloads that use a client's secret are restarted with the new one before the old one goes."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.operator_clients.consumers import asked_for, deploy, permit, run_pods
from tests.operator_clients.landscape import Landscape, condition, is_ready
from tests.operator_clients.rotations import held, lapse, listed, look, rotate, rotated, states

from cluster import handle


pytestmark = pytest.mark.control_plane
NODE = "consumers"


@pytest.fixture
def node(control_plane: handle.Cluster, tmp_path: Path) -> Iterator[str]:
    """A node for the pods of DaemonSets; nobody runs them there but the test."""
    path = tmp_path / "node.json"
    path.write_text(json.dumps({"apiVersion": "v1", "kind": "Node", "metadata": {"name": NODE}}))
    control_plane.kubectl("apply", "-f", str(path))
    yield NODE
    control_plane.kubectl("delete", "node", NODE)


async def test_consumers_are_restarted_in_order_and_the_former_secret_waits_for_the_last(
    land: Landscape,
) -> None:
    permit(land)
    targets = [await deploy(land, "api"), await deploy(land, "store", "StatefulSet")]
    await land.client("shop", rotation={"overlap": "1h", "rolloutTargets": targets})
    old = await held(land, "shop")
    for name in ("api", "store"):
        await run_pods(land, name)
    assert await asked_for(land, "api") is None, "a first secret restarts nobody"

    first = await rotate(land, "shop")
    new = listed(first)[0]["id"]
    assert is_ready(first)
    assert rotated(first) == ("False", "RollingOut")
    assert "Deployment api of spec.rotation.rolloutTargets" in condition(first, "SecretRotated")[2]
    assert await asked_for(land, "api") == new
    lapse(land, "shop", "2 hours")
    await look(land, "shop")
    assert await asked_for(land, "store", "StatefulSet") is None, "one after the other"
    assert await land.works("shop", old), "api has pods with the former secret"

    await run_pods(land, "api")
    second = await look(land, "shop")
    assert "StatefulSet store" in condition(second, "SecretRotated")[2]
    assert await asked_for(land, "store", "StatefulSet") == new
    assert await land.works("shop", old)

    await run_pods(land, "store")
    over = await look(land, "shop")
    assert states(over) == ["Active"]
    assert rotated(over) == ("True", "OneSecret")
    assert not await land.works("shop", old)
    assert await land.works("shop")


async def test_an_operator_that_may_restart_nobody_says_so_and_cuts_nobody_off(
    land: Landscape,
) -> None:
    target = await deploy(land, "api")
    await land.client("shop", rotation={"overlap": "1h", "rolloutTargets": [target]})
    old = await held(land, "shop")
    await rotate(land, "shop")
    lapse(land, "shop", "2 hours")
    told = await look(land, "shop")
    assert is_ready(told)
    assert rotated(told) == ("False", "RolloutNotAllowed")
    assert "set rolloutTargets.enabled in the operator's Helm release" in str(told["status"])
    assert await asked_for(land, "api") is None
    assert await land.works("shop", old)
    await land.edit("shop", rotation={"rolloutTargets": None})
    assert not await land.works("shop", old), "whoever removes it has restarted it"


async def test_a_consumer_that_does_not_exist_is_named_and_waited_for(land: Landscape) -> None:
    permit(land)
    target = {"kind": "DaemonSet", "name": "agent"}
    await land.client("shop", rotation={"overlap": "0s", "rolloutTargets": [target]})
    old = await held(land, "shop")
    told = await rotate(land, "shop")
    assert rotated(told) == ("False", "RolloutTargetNotFound")
    assert "DaemonSet agent" in condition(told, "SecretRotated")[2]
    assert await land.works("shop", old)
    await deploy(land, "agent", "DaemonSet")
    await look(land, "shop")
    assert await asked_for(land, "agent", "DaemonSet") == listed(told)[0]["id"]


async def test_a_daemon_sets_pods_are_replaced_on_each_node_before_the_former_secret_goes(
    land: Landscape, node: str
) -> None:
    permit(land)
    target = await deploy(land, "agent", "DaemonSet")
    await land.client("shop", rotation={"overlap": "1h", "rolloutTargets": [target]})
    old = await held(land, "shop")
    await run_pods(land, "agent")
    (before,) = await land.api.list_objects("Pod", land.place, "app=agent")
    assert node in str(before["spec"]["affinity"])

    told = await rotate(land, "shop")
    lapse(land, "shop", "2 hours")
    told = await look(land, "shop")
    assert rotated(told) == ("False", "RollingOut")
    assert await asked_for(land, "agent", "DaemonSet") == listed(told)[0]["id"]
    assert await land.works("shop", old)

    await run_pods(land, "agent")
    (after,) = await land.api.list_objects("Pod", land.place, "app=agent")
    assert after["metadata"]["uid"] != before["metadata"]["uid"]
    over = await look(land, "shop")
    assert rotated(over) == ("True", "OneSecret")
    assert not await land.works("shop", old)


async def test_a_servers_own_workloads_are_restarted_for_no_client(land: Landscape) -> None:
    permit(land)
    ours = {"app.kubernetes.io/managed-by": "authly-operator"}
    target = await deploy(land, "main-database", "StatefulSet", **ours)
    await land.client("shop", rotation={"rolloutTargets": [target]})
    told = await rotate(land, "shop")
    assert rotated(told) == ("False", "RolloutNotAllowed")
    assert "belongs to an AuthlyServer" in condition(told, "SecretRotated")[2]
    assert await asked_for(land, "main-database", "StatefulSet") is None


async def test_a_restart_is_one_annotation_and_asked_for_once(land: Landscape) -> None:
    permit(land)
    target = await deploy(land, "api")
    await land.client("shop", rotation={"rolloutTargets": [target]})
    before = await land.api.get("Deployment", land.place, "api")
    await rotate(land, "shop")
    after = await land.api.get("Deployment", land.place, "api")
    assert before is not None
    assert after is not None
    template = after["spec"]["template"]
    assert template["metadata"].pop("annotations").keys() == {"authly.dev/restarted-for"}
    assert after["spec"] == before["spec"]
    (entry,) = [
        one
        for one in after["metadata"]["managedFields"]
        if one["manager"] == "authly-operator-restarts"
    ]
    fields = entry["fieldsV1"]["f:spec"]["f:template"]["f:metadata"]
    assert fields.keys() == {"f:annotations"}
    await look(land, "shop")
    again = await land.api.get("Deployment", land.place, "api")
    assert again is not None
    assert again["metadata"]["generation"] == after["metadata"]["generation"]
