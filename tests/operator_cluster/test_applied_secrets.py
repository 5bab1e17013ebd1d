"""Secrets applied on a real kube-apiserver: put back, compared as bytes, and quoted nowhere."""

import pytest
from structlog.testing import capture_logs
from tests.operator_cluster.manifests import children, secret

from authly_operator import naming
from authly_operator.cluster import apply, client, gather


pytestmark = pytest.mark.control_plane


async def test_a_changed_secret_is_put_back_and_its_values_are_told_nowhere(
    api: client.Client, applier: apply.Applier, namespace: str
) -> None:
    with capture_logs() as logs:
        await applier.apply([secret(namespace, password="hunter2", other="x")], {})
        first = (await children(api, namespace))["Secret", "main-credentials"]
        changed = {"data": {"password": "b3RoZXI=", "other": None}}
        await api.merge("Secret", namespace, "main-credentials", changed)
        desired = secret(namespace, password="hunter2", other="x")
        await applier.apply([desired], await children(api, namespace))
    second = (await children(api, namespace))["Secret", "main-credentials"]
    assert gather.decoded(second).data == {"password": "hunter2", "other": "x"}
    rotated = apply.stamped(secret(namespace, password="new", other="y"))
    stamp = naming.DESIRED_HASH_ANNOTATION
    assert rotated["metadata"]["annotations"][stamp] == first["metadata"]["annotations"][stamp], (
        "the hash tells of the value"
    )
    assert "hunter2" not in repr(logs)
    assert "aHVudGVyMg" not in repr(applier)


async def test_string_data_is_compared_as_what_it_becomes(
    api: client.Client, applier: apply.Applier, namespace: str
) -> None:
    text = secret(namespace)
    del text["data"]
    text["stringData"] = {"password": "hunter2"}
    await applier.apply([text], {})
    found = await children(api, namespace)
    assert await applier.apply([text], found) == apply.Applied()
    await api.merge("Secret", namespace, "main-credentials", {"data": {"password": "b3RoZXI="}})
    await applier.apply([text], await children(api, namespace))
    after = (await children(api, namespace))["Secret", "main-credentials"]
    assert gather.decoded(after).data == {"password": "hunter2"}


async def test_a_refused_secret_is_not_quoted(applier: apply.Applier, namespace: str) -> None:
    broken = secret(namespace)
    broken["data"] = {"password": "hunter2!"}
    malformed = secret(namespace)
    malformed["data"] = {"password": {"deep": "hunter2!"}}
    for refused in (broken, malformed):
        done = await applier.apply([refused], {})
        assert len(done.failures) == 1
        assert "hunter2" not in repr(done)
