"""Applying on a real kube-apiserver: what is written, what is not, and what is left alone."""

import copy
from typing import Any

import pytest
from tests.operator_cluster.manifests import (
    LABELS,
    Manifest,
    children,
    deployment,
    network_policy,
    secret,
    service,
    versions,
)

from authly_operator import naming
from authly_operator.cluster import apply, client, prune


pytestmark = pytest.mark.control_plane


async def test_what_is_absent_is_created_and_a_second_pass_writes_nothing(
    api: client.Client, applier: apply.Applier, namespace: str, config_map: Any
) -> None:
    desired = [config_map(), service(namespace), network_policy(namespace), deployment(namespace)]
    first = await applier.apply(desired, await children(api, namespace))
    assert first.failures == ()
    assert [kind for kind, _ in first.written] == [
        "ConfigMap",
        "Service",
        "NetworkPolicy",
        "Deployment",
    ]
    before = await children(api, namespace)
    second = await applier.apply(desired, before)
    assert second == apply.Applied()
    assert versions(await children(api, namespace)) == versions(before)


async def test_a_new_operator_writes_nothing_where_only_the_spelling_differs(
    api: client.Client, applier: apply.Applier, namespace: str
) -> None:
    desired = [deployment(namespace), network_policy(namespace), service(namespace)]
    await applier.apply(desired, {})
    before = await children(api, namespace)
    restarted = apply.Applier(api)
    assert await restarted.apply(desired, before) == apply.Applied()
    assert versions(await children(api, namespace)) == versions(before)


async def test_a_steady_state_asks_the_api_server_nothing(
    api: client.Client, applier: apply.Applier, wired: client.Client, wire: Any, namespace: str
) -> None:
    desired = [deployment(namespace), network_policy(namespace)]
    remembering = apply.Applier(wired)
    await remembering.apply(desired, {})
    found = await children(api, namespace)
    wire.closed = True
    wire.cut()
    assert await remembering.apply(desired, found) == apply.Applied()
    assert applier.api is api


async def test_only_what_differs_is_written(
    api: client.Client, applier: apply.Applier, namespace: str, config_map: Any
) -> None:
    await applier.apply([config_map(), service(namespace)], {})
    before = await children(api, namespace)
    changed = config_map(data={"LOG_LEVEL": "debug"})
    done = await applier.apply([changed, service(namespace)], before)
    assert done.written == (("ConfigMap", "main-config"),)
    after = await children(api, namespace)
    assert after["ConfigMap", "main-config"]["data"] == {"LOG_LEVEL": "debug"}
    assert versions(after)["Service", "main"] == versions(before)["Service", "main"]


async def test_what_is_no_longer_desired_is_given_up(
    api: client.Client, applier: apply.Applier, namespace: str, config_map: Any
) -> None:
    await applier.apply([config_map(data={"A": "1", "B": "2"}, annotations={"x": "y"})], {})
    found = await children(api, namespace)
    await apply.Applier(api).apply([config_map(data={"A": "1"})], found)
    left = (await children(api, namespace))["ConfigMap", "main-config"]
    assert left["data"] == {"A": "1"}
    assert "x" not in left["metadata"]["annotations"]


async def test_two_resources_do_not_fight_for_one_object(
    api: client.Client, applier: apply.Applier, namespace: str, authly_client: Manifest
) -> None:
    rival = await api.create(
        {
            "apiVersion": naming.API_VERSION,
            "kind": "AuthlyClient",
            "metadata": {"name": "rival", "namespace": namespace},
            "spec": authly_client["spec"],
        }
    )

    def owned(resource: Manifest, value: str) -> Manifest:
        made = secret(namespace, client_secret=value)
        reference = {
            "apiVersion": naming.API_VERSION,
            "kind": "AuthlyClient",
            "name": resource["metadata"]["name"],
            "uid": resource["metadata"]["uid"],
            "controller": True,
        }
        made["metadata"] = {**made["metadata"], "ownerReferences": [reference]}
        return made

    await applier.apply([owned(authly_client, "first")], {})
    found = await children(api, namespace)
    done = await applier.apply([owned(rival, "second")], found)
    assert done.failures == (
        "Secret main-credentials: Secret main-credentials exists and belongs to AuthlyClient shop:"
        " rename or delete it",
    )
    assert versions(await children(api, namespace)) == versions(found)


async def test_an_object_that_outlived_its_resource_is_taken_over_again(
    api: client.Client, applier: apply.Applier, namespace: str, authly_client: Manifest
) -> None:
    await applier.apply([secret(namespace, a="1")], {})
    wanted = secret(namespace, a="1")
    uid = authly_client["metadata"]["uid"]
    wanted["metadata"] = {
        **wanted["metadata"],
        "ownerReferences": [
            {
                "apiVersion": naming.API_VERSION,
                "kind": "AuthlyClient",
                "name": "shop",
                "uid": uid,
                "controller": True,
            }
        ],
    }
    done = await applier.apply([wanted], await children(api, namespace))
    assert done == apply.Applied(written=(("Secret", "main-credentials"),))


async def test_a_refused_manifest_does_not_stop_the_others(
    api: client.Client, applier: apply.Applier, namespace: str, config_map: Any
) -> None:
    invalid = service(namespace)
    invalid["spec"] = {**invalid["spec"], "ports": [{"name": "http", "port": 99999}]}
    unknown = copy.deepcopy(network_policy(namespace))
    unknown["spec"]["nonsense"] = True
    elsewhere = config_map(name="lost")
    elsewhere["metadata"] = {**elsewhere["metadata"], "namespace": "nowhere"}
    done = await applier.apply([invalid, unknown, elsewhere, config_map()], {})
    assert done.written == (("ConfigMap", "main-config"),)
    assert [failure.partition(":")[0] for failure in done.failures] == [
        "Service main",
        "NetworkPolicy main",
        "ConfigMap lost",
    ]
    assert "99999" in done.failures[0]
    assert all("\n" not in failure for failure in done.failures)
    assert set(await children(api, namespace)) == {("ConfigMap", "main-config")}


async def test_what_reads_a_secret_waits_until_that_is_written(
    api: client.Client, applier: apply.Applier, namespace: str, config_map: Any
) -> None:
    broken = {**secret(namespace), "data": {"password": "hunter2!"}}
    done = await applier.apply([config_map(name="before"), broken, config_map(name="after")], {})
    assert done.written == (("ConfigMap", "before"),)
    assert ("ConfigMap", "after") not in await children(api, namespace)


async def test_what_is_desired_no_more_is_pruned_and_nothing_else(
    api: client.Client, applier: apply.Applier, namespace: str, config_map: Any, control_plane: Any
) -> None:
    kept, held, gone = config_map(), config_map(name="held"), config_map(name="gone")
    await applier.apply([kept, held, gone, secret(namespace, a="1")], {})
    copied = '{"metadata":{"labels":' + str(LABELS).replace("'", '"') + "}}"
    control_plane.kubectl("-n", namespace, "create", "configmap", "copied")
    control_plane.kubectl(
        "-n", namespace, "patch", "configmap", "copied", "--type=merge", "-p", copied
    )
    found = await children(api, namespace)
    assert ("ConfigMap", "copied") in found
    surplus = prune.surplus({("ConfigMap", "main-config")}, found, {("ConfigMap", "held")})
    assert surplus == [("ConfigMap", "gone")]
    await prune.prune(api, namespace, found, surplus)
    await prune.prune(api, namespace, found, surplus)
    assert set(await children(api, namespace)) == set(found) - {("ConfigMap", "gone")}


async def test_a_newer_object_of_a_pruned_name_survives(
    api: client.Client, applier: apply.Applier, namespace: str, config_map: Any
) -> None:
    await applier.apply([config_map(name="gone")], {})
    stale = await children(api, namespace)
    await prune.prune(api, namespace, stale, [("ConfigMap", "gone")])
    await applier.apply([config_map(name="gone")], {})
    await prune.prune(api, namespace, stale, [("ConfigMap", "gone")])
    assert ("ConfigMap", "gone") in await children(api, namespace)
