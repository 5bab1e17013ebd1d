"""The operator's finalizer beside those of others, on a real kube-apiserver."""

import asyncio
from typing import Any

import pytest

from authly_operator import naming
from authly_operator.cluster import client, errors, finalizers


pytestmark = pytest.mark.control_plane

Manifest = dict[str, Any]


async def read(api: client.Client, namespace: str) -> Manifest:
    found = await api.get("AuthlyClient", namespace, "shop")
    assert found is not None
    return found


async def listed(api: client.Client, namespace: str) -> list[str]:
    return list((await read(api, namespace))["metadata"].get("finalizers", []))


async def set_others(api: client.Client, namespace: str, *names: str) -> Manifest:
    metadata = {"finalizers": list(names)}
    return await api.merge("AuthlyClient", namespace, "shop", {"metadata": metadata})


async def test_it_is_set_once_and_taken_away(
    api: client.Client, namespace: str, authly_client: Manifest
) -> None:
    await finalizers.add(api, authly_client)
    held = await read(api, namespace)
    await finalizers.add(api, held)
    assert held == await read(api, namespace)
    assert held["metadata"]["finalizers"] == [naming.FINALIZER]
    await finalizers.remove(api, held)
    await finalizers.remove(api, held)
    assert await listed(api, namespace) == []


async def test_others_are_kept_by_who_looked_before_they_came(
    api: client.Client, namespace: str, authly_client: Manifest
) -> None:
    await set_others(api, namespace, "example.com/a")
    await finalizers.add(api, authly_client)
    assert await listed(api, namespace) == ["example.com/a", naming.FINALIZER]
    stale = await read(api, namespace)
    await set_others(api, namespace, "example.com/a", naming.FINALIZER, "example.com/b")
    await finalizers.remove(api, stale)
    assert await listed(api, namespace) == ["example.com/a", "example.com/b"]


async def test_two_that_write_at_once_both_have_their_way(
    api: client.Client, namespace: str, authly_client: Manifest, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def other(name: str) -> None:
        with monkeypatch.context() as patched:
            patched.setattr(naming, "FINALIZER", name)
            await finalizers.add(api, authly_client)

    await asyncio.gather(finalizers.add(api, authly_client), other("example.com/a"))
    assert naming.FINALIZER in await listed(api, namespace)


async def test_it_holds_the_resource_until_it_is_removed(
    api: client.Client, namespace: str, authly_client: Manifest
) -> None:
    await finalizers.add(api, authly_client)
    await api.delete("AuthlyClient", namespace, "shop", authly_client["metadata"]["uid"])
    going = await read(api, namespace)
    assert "deletionTimestamp" in going["metadata"]
    await finalizers.remove(api, going)
    assert await api.get("AuthlyClient", namespace, "shop") is None
    await finalizers.remove(api, going)


async def test_what_is_going_or_gone_cannot_be_held(
    api: client.Client, namespace: str, authly_client: Manifest
) -> None:
    await set_others(api, namespace, "example.com/a")
    uid = authly_client["metadata"]["uid"]
    await api.delete("AuthlyClient", namespace, "shop", uid)
    with pytest.raises(errors.Refused, match="is being deleted"):
        await finalizers.add(api, authly_client)
    await api.merge("AuthlyClient", namespace, "shop", {"metadata": {"finalizers": None}})
    with pytest.raises(errors.Refused, match="is being deleted"):
        await finalizers.add(api, authly_client)


async def test_a_later_resource_of_the_name_is_left_alone(
    api: client.Client, namespace: str, authly_client: Manifest
) -> None:
    await finalizers.add(api, authly_client)
    old = await read(api, namespace)
    await api.delete("AuthlyClient", namespace, "shop", old["metadata"]["uid"])
    await finalizers.remove(api, old)
    fresh = {key: old[key] for key in ("apiVersion", "kind", "spec")}
    metadata = {"name": "shop", "namespace": namespace, "finalizers": [naming.FINALIZER]}
    await api.create({**fresh, "metadata": metadata})
    await finalizers.remove(api, old)
    assert await listed(api, namespace) == [naming.FINALIZER]
    await set_others(api, namespace)
