"""Replicas of a managed database on a real kube-apiserver: their volumes come and go with them."""

import pytest
from tests.operator_story.conftest import Story


pytestmark = pytest.mark.control_plane

STANDBY, CLAIM = "main-standby", "data-main-standby-0"


async def begin(story: Story) -> None:
    """A server whose database is ready, and which asks for a replica."""
    managed = {"managed": {"replicas": 1}}
    await story.begin(database=managed, signingKeys={"algorithm": "EdDSA"})
    assert await story.get("StatefulSet", STANDBY) is None
    await start(story, "main-database-0")

    async def is_ready() -> bool:
        database = await story.get("StatefulSet", "main-database")
        return bool(database["status"].get("readyReplicas"))

    await story.until(is_ready)
    await story.go_on()


async def start(story: Story, pod: str) -> None:
    """What a kubelet would say of a pod that runs."""

    async def is_made() -> bool:
        return await story.get("Pod", pod) is not None

    await story.until(is_made)
    ready = {"type": "Ready", "status": "True"}
    await story.tell("Pod", pod, phase="Running", conditions=[ready])


async def test_a_replica_gets_a_volume_and_both_go_when_nobody_wants_them(story: Story) -> None:
    await begin(story)

    async def is_claimed() -> bool:
        return await story.get("PersistentVolumeClaim", CLAIM) is not None

    await story.until(is_claimed)
    password = (await story.get("Secret", "main-credentials"))["data"]["replication-password"]
    assert password

    await story.edit(database={"managed": {"replicas": 0}})

    async def is_gone() -> bool:
        found = [
            await story.get(kind, name)
            for kind, name in (("StatefulSet", STANDBY), ("PersistentVolumeClaim", CLAIM))
        ]
        return found == [None, None]

    await story.until(is_gone)
    assert await story.get("PersistentVolumeClaim", "data-main-database-0") is not None
    assert await story.get("Service", "main-database-read") is None
    assert "replication-password" not in (await story.get("Secret", "main-credentials"))["data"]


async def test_a_replica_that_is_edited_or_deleted_comes_back(story: Story) -> None:
    await begin(story)
    before = await story.get("StatefulSet", STANDBY)
    await story.go_on()
    same = await story.get("StatefulSet", STANDBY)
    assert same["metadata"]["generation"] == before["metadata"]["generation"]

    scaled = {"spec": {"replicas": 3}}
    await story.tools.api.merge("StatefulSet", story.namespace, STANDBY, scaled)
    await story.go_on()
    assert (await story.get("StatefulSet", STANDBY))["spec"]["replicas"] == 1

    await story.kubectl("delete", "-n", story.namespace, "statefulset", STANDBY)
    await story.go_on()
    assert (await story.get("StatefulSet", STANDBY))["metadata"]["uid"] != before["metadata"]["uid"]
