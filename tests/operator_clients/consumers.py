"""Workloads of an app team that use a client's Secret, and the kubelet that runs their pods."""

import asyncio
import dataclasses
from collections.abc import Awaitable, Callable
from typing import Any

from tests.operator_clients.landscape import Landscape, Object


RESTARTED_FOR = "authly.dev/restarted-for"
RUNNING: Object = {
    "phase": "Running",
    "conditions": [
        {"type": kind, "status": "True", "lastTransitionTime": "2026-01-01T00:00:00Z"}
        for kind in ("PodScheduled", "ContainersReady", "Ready")
    ],
}
COUNTS = {
    "Deployment": ("replicas", "updatedReplicas", "availableReplicas"),
    "StatefulSet": ("replicas", "updatedReplicas", "availableReplicas"),
    "DaemonSet": ("currentNumberScheduled", "updatedNumberScheduled", "numberAvailable"),
}
"""What must be as many as are wanted, where all is up to date."""


def permit(land: Landscape) -> None:
    """What rolloutTargets.enabled of the Helm release does."""
    settings = dataclasses.replace(land.tools.settings, restart_consumers=True)
    land.tools.settings = settings


async def deploy(
    land: Landscape, name: str, kind: str = "Deployment", **labels: str
) -> dict[str, str]:
    """Make a workload, and answer how spec.rotation.rolloutTargets names it."""
    chosen = {"app": name}
    container = {
        "name": "app",
        "image": "shop:1",
        "envFrom": [{"secretRef": {"name": "shop-oauth"}}],
    }
    spec: dict[str, Any] = {
        "selector": {"matchLabels": chosen},
        "template": {"metadata": {"labels": chosen}, "spec": {"containers": [container]}},
    }
    spec |= {} if kind == "DaemonSet" else {"replicas": 2}
    spec |= {"serviceName": name} if kind == "StatefulSet" else {}
    metadata = {"name": name, "namespace": land.place, "labels": labels}
    await land.api.create(
        {"apiVersion": "apps/v1", "kind": kind, "metadata": metadata, "spec": spec}
    )
    return {"kind": kind, "name": name}


async def run_pods(land: Landscape, name: str) -> None:
    """What the kubelets do until a workload's pods all run."""

    async def done() -> bool:
        pods = await land.api.list_objects("Pod", land.place, f"app={name}")
        for pod in pods:
            if (
                pod["status"].get("phase") == "Pending"
                and "deletionTimestamp" not in pod["metadata"]
            ):
                await land.api.write_status(pod, RUNNING)
        return bool(pods) and await is_rolled_out(land, name)

    await until(done)


async def is_rolled_out(land: Landscape, name: str) -> bool:
    """Whether its controllers say that all is up to date."""
    for kind, counts in COUNTS.items():
        found = await land.api.get(kind, land.place, name)
        if found is not None:
            told = found["status"]
            seen = told.get("observedGeneration", 0) >= found["metadata"]["generation"]
            wanted = found["spec"].get("replicas") or told.get("desiredNumberScheduled")
            return seen and {told.get(key, 0) for key in counts} == {wanted}
    return False


async def asked_for(land: Landscape, name: str, kind: str = "Deployment") -> str | None:
    """The name of the secret that a workload was restarted for."""
    found = await land.api.get(kind, land.place, name)
    assert found is not None
    annotations = found["spec"]["template"]["metadata"].get("annotations") or {}
    told: str | None = annotations.get(RESTARTED_FOR)
    return told


async def until(done: Callable[[], Awaitable[bool]], seconds: float = 60.0) -> None:
    """Wait for what the controllers bring about."""
    for _ in range(round(seconds * 10)):
        if await done():
            return
        await asyncio.sleep(0.1)
    raise AssertionError("the controllers did not bring it about")
