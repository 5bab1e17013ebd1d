"""What the API server says, and what becomes of it: objects, absence, or an error of one line."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from authly_operator.cluster import access, client, connection, errors
from authly_operator.cluster.selection import Selection


pytestmark = pytest.mark.control_plane


@pytest.mark.parametrize("kubeconfig_text", [None, "{}", "not: [a", "apiVersion: v1"])
async def test_no_configuration_is_an_error_of_ours(
    tmp_path: Path, kubeconfig_text: str | None
) -> None:
    path = tmp_path / "kubeconfig"
    if kubeconfig_text is not None:
        path.write_text(kubeconfig_text)
    with pytest.raises(errors.Unconfigured, match="no API server is configured"):
        await client.Client.connect(str(path))


async def test_a_process_outside_of_a_pod_has_no_service_account() -> None:
    with pytest.raises(errors.Unconfigured, match="no API server is configured"):
        await client.Client.connect()


async def test_an_object_is_read_changed_and_gone(
    api: client.Client, namespace: str, config_map: Any
) -> None:
    assert await api.get("ConfigMap", namespace, "main-config") is None
    made = await api.create(config_map())
    assert await api.get("ConfigMap", namespace, "main-config") == made
    replaced = await api.replace({**made, "data": {"a": "b"}})
    assert replaced["data"] == {"a": "b"}
    await api.delete("ConfigMap", namespace, "main-config", made["metadata"]["uid"])
    assert await api.get("ConfigMap", namespace, "main-config") is None
    await api.delete("ConfigMap", namespace, "main-config", made["metadata"]["uid"])


async def test_an_absent_namespace_or_kind_reads_as_absent(
    api: client.Client, config_map: Any
) -> None:
    assert await api.get("ConfigMap", "nowhere", "x") is None
    lost = config_map()
    lost["metadata"] = {**lost["metadata"], "namespace": "nowhere"}
    with pytest.raises(errors.Refused) as refused:
        await api.create(lost)
    assert refused.value.absent


async def test_who_writes_on_old_knowledge_has_a_conflict(
    api: client.Client, config_map: Any
) -> None:
    made = await api.create(config_map())
    await api.replace({**made, "data": {"a": "b"}})
    with pytest.raises(errors.Refused) as refused:
        await api.replace({**made, "data": {"a": "c"}})
    assert refused.value.conflict
    with pytest.raises(errors.Refused) as refused:
        await api.create(config_map())
    assert refused.value.conflict
    assert refused.value.reason == "AlreadyExists"


async def test_an_invalid_object_is_refused_with_the_reason(
    api: client.Client, config_map: Any
) -> None:
    with pytest.raises(errors.Refused, match="RFC 1123") as refused:
        await api.create(config_map(name="No_Such_Name"))
    assert (refused.value.status, refused.value.reason) == (422, "Invalid")
    assert "\n" not in str(refused.value)


async def test_who_is_unknown_or_may_not_is_refused(rewritten: Any, control_plane: Any) -> None:
    control_plane.kubectl("create", "serviceaccount", "nobody")
    token = control_plane.kubectl("create", "token", "nobody").strip()
    for given, status_code in (("nonsense", 401), (token, 403)):
        api = await client.Client.connect(rewritten(token=given))
        with pytest.raises(errors.Refused) as refused:
            await api.get("Secret", "default", "x")
        await api.close()
        assert refused.value.status == status_code
        assert given not in str(refused.value)


async def test_a_list_is_read_page_by_page(
    api: client.Client, kubeconfig: Path, namespace: str, config_map: Any
) -> None:
    names = {f"c{number}" for number in range(7)}
    for name in names:
        await api.create(config_map(name=name))
    wire = connection.Connection(access.find(str(kubeconfig)))
    paged = client.Client(wire, page=2)
    selector = "app.kubernetes.io/instance=main"
    found = await paged.list_objects("ConfigMap", namespace, selector)
    metadata, version = await paged.list_metadata(
        "ConfigMap", namespace, Selection(labels=selector)
    )
    await paged.close()
    assert {one["metadata"]["name"] for one in found} == names
    assert {(one["apiVersion"], one["kind"]) for one in found} == {("v1", "ConfigMap")}
    assert {one["name"] for one in metadata} == names
    assert version.isdecimal()
    assert await api.list_objects("ConfigMap", namespace, "app.kubernetes.io/instance=x") == []


async def test_many_requests_at_once_are_all_answered(api: client.Client) -> None:
    found = await asyncio.gather(*(api.get("Namespace", None, "default") for _ in range(300)))
    assert all(found)


async def test_a_status_is_written_whole(
    api: client.Client, namespace: str, authly_client: dict[str, Any]
) -> None:
    def condition(kind: str) -> dict[str, Any]:
        return {
            "type": kind,
            "status": "True",
            "reason": "Because",
            "message": "",
            "observedGeneration": 1,
            "lastTransitionTime": "2026-01-01T00:00:00Z",
        }

    first = {"observedGeneration": 1, "conditions": [condition("Ready"), condition("Synced")]}
    assert await api.write_status(authly_client, {**first, "clientId": "a.b"})
    found = await api.get("AuthlyClient", namespace, "shop")
    assert found is not None
    assert found["status"] == {**first, "clientId": "a.b"}
    assert await api.write_status(found, {"conditions": [condition("Ready")]})
    found = await api.get("AuthlyClient", namespace, "shop")
    assert found is not None
    assert found["status"] == {"conditions": [condition("Ready")]}
    assert await api.write_status(found, found["status"])
    assert await api.get("AuthlyClient", namespace, "shop") == found
    assert found["spec"] == authly_client["spec"]


async def test_a_status_of_a_resource_that_is_gone_or_another_is_dropped(
    api: client.Client, namespace: str, authly_client: dict[str, Any]
) -> None:
    uid = authly_client["metadata"]["uid"]
    await api.delete("AuthlyClient", namespace, "shop", uid)
    assert not await api.write_status(authly_client, {"clientId": "a.b"})
    fresh = {key: authly_client[key] for key in ("apiVersion", "kind", "spec")}
    await api.create({**fresh, "metadata": {"name": "shop", "namespace": namespace}})
    assert not await api.write_status(authly_client, {"clientId": "a.b"})
    found = await api.get("AuthlyClient", namespace, "shop")
    assert found is not None
    assert "status" not in found


async def test_an_invalid_status_is_refused(
    api: client.Client, authly_client: dict[str, Any]
) -> None:
    with pytest.raises(errors.Refused) as refused:
        await api.write_status(authly_client, {"clientId": 7})
    assert "clientId" in str(refused.value)


def test_a_request_never_shows_its_body() -> None:
    request = connection.Request(method="PUT", path="/x", body={"data": "hunter2"})
    assert "hunter2" not in repr(request)
    assert json.dumps(request.body)
