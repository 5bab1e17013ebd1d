"""A leader of before, which was suspended between a look and a write, changes nothing any more."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from authly_operator import naming
from authly_operator.cluster import apply, client, errors, finalizers, lease


pytestmark = pytest.mark.control_plane


class Leadership:
    """What the Lease says when it is asked; it may be lost."""

    lost = False

    def check(self) -> int:
        if self.lost:
            raise lease.Lost("it is somebody else's")
        return 1


@pytest.fixture
def leadership() -> Leadership:
    return Leadership()


@pytest.fixture
async def leader(kubeconfig: Path, leadership: Leadership) -> AsyncIterator[client.Client]:
    """A client that writes only while the Lease is held."""
    connected = await client.Client.connect(str(kubeconfig), fence=leadership.check)
    yield connected
    await connected.close()


async def test_without_the_lease_every_way_of_writing_is_closed_and_reading_goes_on(
    leader: client.Client,
    leadership: Leadership,
    namespace: str,
    authly_client: dict[str, Any],
    config_map: Any,
) -> None:
    made = await leader.apply(config_map())
    leadership.lost = True
    place = "ConfigMap", namespace, "main-config"
    writes = (
        leader.apply(config_map(data={"a": "b"})),
        leader.create(config_map(name="another")),
        leader.replace({**made, "data": {}}),
        leader.merge(*place, {"data": {"a": "b"}}),
        leader.delete(*place, made["metadata"]["uid"]),
        leader.write_status(authly_client, {"clientId": "a.b"}),
        finalizers.add(leader, authly_client),
    )
    for write in writes:
        with pytest.raises(lease.Lost):
            await write
    assert await leader.get(*place) == made
    assert await leader.get("ConfigMap", namespace, "another") is None
    assert await leader.get("AuthlyClient", namespace, "shop") == authly_client


async def test_an_apply_of_what_was_seen_before_others_wrote_is_refused(
    api: client.Client, namespace: str, config_map: Any
) -> None:
    seen = await api.apply(config_map())
    await api.merge("ConfigMap", namespace, "main-config", {"data": {"of": "the successor"}})
    version = {key: seen["metadata"][key] for key in ("uid", "resourceVersion")}
    with pytest.raises(errors.Refused) as refused:
        await api.apply(config_map(data={"of": "the past"}, **version))
    assert refused.value.conflict
    found = await api.get("ConfigMap", namespace, "main-config")
    assert found is not None
    assert found["data"]["of"] == "the successor"


async def test_an_apply_of_what_is_gone_meanwhile_makes_it_anew(
    api: client.Client, namespace: str, config_map: Any
) -> None:
    seen = await api.apply(config_map())
    await api.delete("ConfigMap", namespace, "main-config", seen["metadata"]["uid"])
    wanted = config_map(data={"LOG_LEVEL": "debug"})
    applied = await apply.Applier(api).apply([wanted], {("ConfigMap", "main-config"): seen})
    assert applied == apply.Applied(written=(("ConfigMap", "main-config"),))
    found = await api.get("ConfigMap", namespace, "main-config")
    assert found is not None
    assert found["data"] == {"LOG_LEVEL": "debug"}


async def test_what_others_wrote_meanwhile_is_looked_at_again_and_brought_back(
    api: client.Client, namespace: str, config_map: Any
) -> None:
    seen = await api.apply(config_map())
    await api.merge("ConfigMap", namespace, "main-config", {"data": {"LOG_LEVEL": "trace"}})
    wanted = config_map(data={"LOG_LEVEL": "debug"})
    applied = await apply.Applier(api).apply([wanted], {("ConfigMap", "main-config"): seen})
    assert applied.failures == ()
    found = await api.get("ConfigMap", namespace, "main-config")
    assert found is not None
    assert found["data"] == {"LOG_LEVEL": "debug"}


async def test_a_status_about_another_spec_than_there_is_now_is_a_conflict(
    api: client.Client, namespace: str, authly_client: dict[str, Any]
) -> None:
    await api.merge("AuthlyClient", namespace, "shop", {"spec": {"displayName": "Shop"}})
    with pytest.raises(errors.Refused) as refused:
        await api.write_status(authly_client, {"clientId": "a.b"})
    assert refused.value.conflict


async def test_a_status_is_written_also_after_the_metadata_changed(
    api: client.Client, namespace: str, authly_client: dict[str, Any]
) -> None:
    await finalizers.add(api, authly_client)
    assert await api.write_status(authly_client, {"clientId": "a.b"})
    found = await api.get("AuthlyClient", namespace, "shop")
    assert found is not None
    assert found["status"]["clientId"] == "a.b"
    assert found["metadata"]["finalizers"] == [naming.FINALIZER]
