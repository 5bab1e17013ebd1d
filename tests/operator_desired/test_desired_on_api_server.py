"""A real kube-apiserver takes every manifest, answers it as it was written, and admits its pods."""

import dataclasses
import json
import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.operator_desired import plans

from authly_operator.cluster import apply, client, difference, discovery, gather
from authly_operator.desired import client_secret
from authly_operator.observed import ChildKey, Identity, Manifest
from cluster import handle
from throwaway import optional_crds


pytestmark = pytest.mark.control_plane


def namespace(name: str) -> str:
    return f"auth-{name}"


def manifests(name: str) -> list[Manifest]:
    """The manifests of one of SPECS, in a namespace of their own."""
    identity = dataclasses.replace(plans.IDENTITY, namespace=namespace(name))
    return plans.everything(plans.plan(plans.SPECS[name], identity=identity))


def template(manifest: Manifest) -> Any:
    spec = manifest["spec"]
    return (spec["jobTemplate"]["spec"] if "jobTemplate" in spec else spec)["template"]


@pytest.fixture(scope="module")
def control_plane() -> Iterator[handle.Cluster]:
    """A kube-apiserver with a namespace for each server that admits restricted pods only."""
    cluster = handle.Cluster(f"test-desired-{os.getpid()}")
    try:
        cluster.up(control_plane=True)
        files = [f"--filename={path}" for path in optional_crds.paths().values()]
        cluster.kubectl("apply", "--server-side", *files)
        cluster.wait_established(*files)
        for name in map(namespace, plans.SPECS):
            cluster.kubectl("create", "namespace", name)
            enforced = "pod-security.kubernetes.io/enforce=restricted"
            cluster.kubectl("label", "namespace", name, enforced)
        yield cluster
    finally:
        cluster.down()


@pytest.fixture
async def api(control_plane: handle.Cluster) -> AsyncIterator[client.Client]:
    connected = await client.Client.connect(str(control_plane.place.kubeconfig))
    yield connected
    await connected.close()


@pytest.mark.parametrize("name", plans.SPECS)
async def test_what_was_written_is_what_is_answered(api: client.Client, name: str) -> None:
    differences = {}
    for manifest in manifests(name):
        answer = await api.apply(apply.stamped(manifest))
        found = list(difference.find(apply.stamped(manifest), answer))
        differences[(manifest["kind"], manifest["metadata"]["name"])] = found

    assert {key: found for key, found in differences.items() if found} == {}


async def everything(api: client.Client, name: str) -> dict[ChildKey, Manifest]:
    place = namespace(name), "main"
    more, unavailable = await gather.optional_children(api, discovery.Discovery(api), *place)
    assert unavailable == {}
    return {**await gather.children(api, *place), **more}


@pytest.mark.parametrize("name", plans.SPECS)
async def test_a_second_pass_writes_nothing(api: client.Client, name: str) -> None:
    first = await apply.Applier(api).apply(manifests(name), await everything(api, name))
    seen = await everything(api, name)
    # What the controllers made of them meanwhile, pods and their like, are no children.
    assert set(seen) == {(m["kind"], m["metadata"]["name"]) for m in manifests(name)}

    second = await apply.Applier(api).apply(manifests(name), seen)

    assert first.failures == second.failures == ()
    assert second.written == ()


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("Deployment", "main"),
        ("StatefulSet", "main-database"),
        ("CronJob", "main-backup"),
        ("CronJob", "main-maintenance"),
        ("Job", plans.plan(plans.FULL).migration_job),
    ],
)
def test_a_namespace_for_restricted_pods_admits_them(
    control_plane: handle.Cluster, tmp_path: Path, kind: str, name: str
) -> None:
    at = {(m["kind"], m["metadata"]["name"]): m for m in plans.everything(plans.plan(plans.FULL))}
    spec = {**template(at[(kind, name)])["spec"], "serviceAccountName": "default"}
    if kind == "StatefulSet":
        claim = {"name": "data", "persistentVolumeClaim": {"claimName": "data-main-database-0"}}
        spec["volumes"] = [*spec["volumes"], claim]
    body = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "probe"}, "spec": spec}
    (tmp_path / "pod.json").write_text(json.dumps(body))

    answer = control_plane.kubectl(
        *("create", "--dry-run=server", "-n", namespace("full"), "-f", str(tmp_path / "pod.json"))
    )

    assert "created" in answer


@pytest.mark.parametrize("secret", ["acs_secret", None])
async def test_the_secret_of_a_client_is_answered_as_written(
    api: client.Client, secret: str | None
) -> None:
    identity = Identity(name="shop", namespace="default", uid="uid-of-shop", generation=1)
    manifest = client_secret.build(plans.client(), identity, plans.server_view(), secret)

    answer = await api.apply(apply.stamped(manifest))

    assert list(difference.find(manifest, answer)) == []
