"""What others edit, add or take away on a real kube-apiserver: put back, left, or made anew."""

import copy
from typing import Any

import pytest
from structlog.testing import capture_logs
from tests.operator_cluster.manifests import (
    Manifest,
    children,
    deployment,
    disruption_budget,
    network_policy,
    secret,
    service,
)

from authly_operator import naming
from authly_operator.cluster import apply, client


pytestmark = pytest.mark.control_plane


async def test_an_edit_by_somebody_else_is_put_back_and_an_addition_left(
    api: client.Client, applier: apply.Applier, namespace: str, config_map: Any, control_plane: Any
) -> None:
    desired = [config_map(data={"A": "1", "B": "2"}), deployment(namespace)]
    await applier.apply(desired, {})
    patch = '{"data":{"A":"changed","B":null,"C":"theirs"}}'
    control_plane.kubectl(
        "-n", namespace, "patch", "configmap", "main-config", "--type=merge", "-p", patch
    )
    control_plane.kubectl(
        "-n", namespace, "set", "resources", "deployment/main", "--requests=cpu=500m"
    )
    done = await applier.apply(desired, await children(api, namespace))
    assert [kind for kind, _ in done.written] == ["ConfigMap", "Deployment"]
    after = await children(api, namespace)
    assert after["ConfigMap", "main-config"]["data"] == {"A": "1", "B": "2", "C": "theirs"}
    container = after["Deployment", "main"]["spec"]["template"]["spec"]["containers"][0]
    assert container["resources"]["requests"]["cpu"] == "1"
    assert await applier.apply(desired, after) == apply.Applied()


async def test_a_list_entry_by_hand_that_collides_with_ours_gives_way(
    api: client.Client, applier: apply.Applier, namespace: str
) -> None:
    desired = service(namespace)
    await applier.apply([desired], {})
    edited = {"spec": {"ports": [{"name": "http", "port": 8080, "targetPort": "http"}]}}
    await api.merge("Service", namespace, "main", edited)
    applied = await applier.apply([desired], await children(api, namespace))
    put_back = (("Service", "main"),)
    assert applied == apply.Applied(written=put_back, corrected=put_back)
    (port,) = (await children(api, namespace))["Service", "main"]["spec"]["ports"]
    assert port["port"] == 80
    moved = {**desired, "spec": {**desired["spec"], "ports": [{"name": "http", "port": 81}]}}
    await applier.apply([moved], await children(api, namespace))
    (port,) = (await children(api, namespace))["Service", "main"]["spec"]["ports"]
    assert port["port"] == 81


EXTRA = {"people.example/added": "by-hand"}
DRIFTS: dict[str, Manifest] = {
    "Service": {"selector": EXTRA},
    "NetworkPolicy": {"podSelector": {"matchLabels": EXTRA}},
    "PodDisruptionBudget": {"selector": {"matchLabels": EXTRA}},
}


@pytest.mark.parametrize("kind", DRIFTS)
async def test_a_label_that_somebody_adds_to_a_selector_goes_again(
    api: client.Client, applier: apply.Applier, namespace: str, kind: str
) -> None:
    desired = {
        one["kind"]: one
        for one in (service(namespace), network_policy(namespace), disruption_budget(namespace))
    }
    await applier.apply(desired.values(), {})
    before = await children(api, namespace)
    await api.merge(kind, namespace, "main", {"spec": DRIFTS[kind]})
    applied = await applier.apply(desired.values(), await children(api, namespace))
    put_back = ((kind, "main"),)
    assert applied == apply.Applied(written=put_back, corrected=put_back)
    after = await children(api, namespace)
    assert after[kind, "main"]["spec"] == before[kind, "main"]["spec"]
    assert await applier.apply(desired.values(), after) == apply.Applied()


async def test_what_cannot_be_edited_back_is_made_anew_where_nothing_is_lost_with_it(
    api: client.Client, applier: apply.Applier, namespace: str, config_map: Any
) -> None:
    desired = [deployment(namespace), config_map()]
    other = copy.deepcopy(deployment(namespace))
    other["spec"]["selector"]["matchLabels"] |= EXTRA
    other["spec"]["template"]["metadata"]["labels"] |= EXTRA
    frozen = config_map(data={"LOG_LEVEL": "changed"})
    await applier.apply([other, {**frozen, "immutable": True}], {})
    with capture_logs() as logs:
        applied = await applier.apply(desired, await children(api, namespace))
    assert applied.failures == ()
    assert {one["kind"] for one in logs if one["event"] == "made_anew"} == {
        "Deployment",
        "ConfigMap",
    }
    after = await children(api, namespace)
    selector = after["Deployment", "main"]["spec"]["selector"]
    assert selector == {"matchLabels": naming.selector("main", naming.Component.SERVER)}
    assert after["ConfigMap", "main-config"]["data"] == {"LOG_LEVEL": "info"}
    assert await applier.apply(desired, after) == apply.Applied()


async def test_what_holds_data_is_not_made_anew_and_the_refusal_says_what_to_do(
    api: client.Client, applier: apply.Applier, namespace: str
) -> None:
    database = {**deployment(namespace), "kind": "StatefulSet"}
    database["spec"] = {**database["spec"], "serviceName": "main"}
    other = {**database, "spec": {**database["spec"], "serviceName": "other"}}
    frozen = {**secret(namespace, a="changed"), "immutable": True}
    await applier.apply([other, frozen], {})
    before = await children(api, namespace)
    applied = await applier.apply([database, secret(namespace, a="1")], before)
    assert applied.written == ()
    told = dict(failure.split(":", 1) for failure in applied.failures)
    assert "delete it with --cascade=orphan" in told["StatefulSet main"]
    assert "delete it: it is made again" in told["Secret main-credentials"]
    after = await children(api, namespace)
    for key in (("StatefulSet", "main"), ("Secret", "main-credentials")):
        assert after[key]["metadata"]["uid"] == before[key]["metadata"]["uid"]


async def test_an_object_that_lost_its_labels_gets_them_back(
    api: client.Client, applier: apply.Applier, namespace: str, config_map: Any
) -> None:
    await applier.apply([config_map()], {})
    await api.merge("ConfigMap", namespace, "main-config", {"metadata": {"labels": None}})
    assert await children(api, namespace) == {}
    done = await applier.apply([config_map()], {})
    put_back = (("ConfigMap", "main-config"),)
    assert done == apply.Applied(written=put_back, corrected=put_back)
    assert ("ConfigMap", "main-config") in await children(api, namespace)


async def test_a_stranger_of_the_same_name_is_left_alone(
    api: client.Client, applier: apply.Applier, namespace: str, config_map: Any, control_plane: Any
) -> None:
    control_plane.kubectl(
        "-n", namespace, "create", "configmap", "main-config", "--from-literal=theirs=1"
    )
    before = await api.get("ConfigMap", namespace, "main-config")
    done = await applier.apply([config_map(), service(namespace)], {})
    assert done.failures == (
        "ConfigMap main-config: ConfigMap main-config exists and was not made by authly-operator:"
        " rename or delete it",
    )
    assert done.written == (("Service", "main"),)
    assert await api.get("ConfigMap", namespace, "main-config") == before
