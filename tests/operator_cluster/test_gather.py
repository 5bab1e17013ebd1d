"""What the operator sees around a server: its children, its Secrets, and pods that do not run."""

import base64
from typing import Any

import pytest

from authly_operator import naming
from authly_operator.cluster import client, gather
from authly_operator.observed import Waiting


pytestmark = pytest.mark.control_plane

Manifest = dict[str, Any]


def secret(namespace: str, name: str, component: naming.Component, **metadata: Any) -> Manifest:
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {
            "name": name,
            "namespace": namespace,
            "labels": naming.labels("main", component),
            **metadata,
        },
        "data": {"text": base64.b64encode("gr\u00fcn".encode()).decode(), "bytes": "//8="},
    }


@pytest.fixture
async def pod(api: client.Client, namespace: str) -> Any:
    """Creates a pod of a component with the status that a kubelet or the scheduler would write."""
    account = {"name": "default", "namespace": namespace}
    if await api.get("ServiceAccount", namespace, "default") is None:
        await api.apply({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": account})

    async def create(name: str, component: naming.Component, **status: Any) -> Manifest:
        made = await api.create(
            {
                "apiVersion": "v1",
                "kind": "Pod",
                "metadata": {
                    "name": name,
                    "namespace": namespace,
                    "labels": naming.labels("main", component),
                },
                "spec": {"containers": [{"name": "main", "image": "authly/server"}]},
            }
        )
        assert await api.write_status(made, status)
        return made

    return create


def container(**state: Any) -> dict[str, Any]:
    counted = {"name": "main", "image": "i", "imageID": "", "ready": False, "restartCount": 1}
    return {**counted, **state}


async def test_children_are_the_server_s_own_and_no_client_s_secrets(
    api: client.Client, namespace: str, config_map: Any
) -> None:
    await api.create(config_map())
    await api.create(secret(namespace, "main-credentials", naming.Component.SERVER))
    await api.create(secret(namespace, "shop-oauth", naming.Component.CLIENT))
    await api.create(config_map(name="stranger", labels={"app": "x"}))
    other = naming.labels("other", naming.Component.SERVER)
    await api.create(config_map(name="other-config", labels=other))
    found = await gather.children(api, namespace, "main")
    assert set(found) == {("ConfigMap", "main-config"), ("Secret", "main-credentials")}


async def test_a_secret_is_read_as_text_and_shows_nothing(
    api: client.Client, namespace: str, authly_client: Manifest
) -> None:
    owner = {
        "apiVersion": naming.API_VERSION,
        "kind": "AuthlyClient",
        "name": "shop",
        "uid": authly_client["metadata"]["uid"],
        "controller": True,
    }
    assert gather.seen(await gather.secret(api, namespace, "shop-oauth")) is None
    made = secret(namespace, "shop-oauth", naming.Component.CLIENT, ownerReferences=[owner])
    await api.create(made)
    seen = gather.seen(await gather.secret(api, namespace, "shop-oauth"))
    assert seen is not None
    assert seen.data.get("text") == "grün"
    assert seen.data.get("bytes") is None, "what is no text counts as absent"
    assert seen.owner_uid == authly_client["metadata"]["uid"]
    assert seen.labels == made["metadata"]["labels"]
    assert "grün" not in repr(seen)


async def test_pods_that_do_not_run_tell_why(api: client.Client, namespace: str, pod: Any) -> None:
    unscheduled = {
        "type": "PodScheduled",
        "status": "False",
        "reason": "Unschedulable",
        "message": "0/1 nodes are available",
    }
    await pod("main-database-0", naming.Component.DATABASE, conditions=[unscheduled])
    pulling = {"waiting": {"reason": "ImagePullBackOff", "message": "no such image"}}
    await pod("main-a", naming.Component.SERVER, containerStatuses=[container(state=pulling)])
    crashed = container(
        state={"waiting": {"reason": "CrashLoopBackOff", "message": "back-off"}},
        lastState={"terminated": {"exitCode": 1, "message": "SECRET_KEY is missing\n"}},
    )
    await pod("main-b", naming.Component.SERVER, containerStatuses=[crashed])
    failed = container(state={"terminated": {"exitCode": 3, "reason": "Error"}})
    await pod("main-migrate-x", naming.Component.MIGRATION, initContainerStatuses=[failed])
    told = await gather.waiting(api, namespace, "main")
    assert {(one.pod, one.component, one.reason, one.message) for one in told} == {
        ("main-database-0", "database", "Unschedulable", "0/1 nodes are available"),
        ("main-a", "server", "ImagePullBackOff", "no such image"),
        ("main-b", "server", "CrashLoopBackOff", "SECRET_KEY is missing"),
        ("main-migrate-x", "migration", "Error", ""),
    }
    assert all(isinstance(one, Waiting) for one in told)


async def test_a_pod_that_its_node_put_out_tells_that_and_not_how_its_containers_ended(
    api: client.Client, namespace: str, pod: Any
) -> None:
    said = 'Usage of EmptyDir volume "dumps" exceeds the limit "1Gi". '
    killed = container(state={"terminated": {"exitCode": 137, "reason": "Error"}})
    await pod(
        "main-backup-x",
        naming.Component.BACKUP,
        phase="Failed",
        reason="Evicted",
        message=said,
        containerStatuses=[killed],
    )
    (told,) = await gather.waiting(api, namespace, "main")
    assert (told.reason, told.message) == ("Evicted", said.strip())


async def test_pods_that_run_start_or_are_done_tell_nothing(
    api: client.Client, namespace: str, pod: Any
) -> None:
    states = {
        "running": {"running": {}},
        "starting": {"waiting": {"reason": "ContainerCreating"}},
        "done": {"terminated": {"exitCode": 0, "reason": "Completed"}},
    }
    for name, state in states.items():
        await pod(name, naming.Component.SERVER, containerStatuses=[container(state=state)])
    await pod("new", naming.Component.SERVER)
    assert await gather.waiting(api, namespace, "main") == ()
