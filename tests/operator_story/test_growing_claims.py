"""A managed database's claim on a real kube-apiserver, which judges what may grow."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from tests.operator_story.conftest import Story


pytestmark = pytest.mark.control_plane

CLAIM = "data-main-database-0"
SIGNING = {"algorithm": "EdDSA"}
PROVISIONER = "example.com/none"


@pytest.fixture
async def classes(story: Story) -> AsyncIterator[dict[bool, str]]:
    """Two StorageClasses, by whether their volumes can grow, and a volume of each."""
    names = {True: f"{story.namespace}-grows", False: f"{story.namespace}-stays"}
    for expands, name in names.items():
        await story.apply(
            {
                "apiVersion": "storage.k8s.io/v1",
                "kind": "StorageClass",
                "metadata": {"name": name},
                "provisioner": PROVISIONER,
                "allowVolumeExpansion": expands,
            }
        )
        await story.apply(volume(name))
    yield names
    for name in names.values():
        await story.kubectl("delete", "--wait=false", "storageclass,persistentvolume", name)


def volume(name: str) -> dict[str, Any]:
    """A volume that the provisioner made."""
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {
            "name": name,
            "annotations": {"pv.kubernetes.io/provisioned-by": PROVISIONER},
        },
        "spec": {
            "storageClassName": name,
            "accessModes": ["ReadWriteOnce"],
            "capacity": {"storage": "10Gi"},
            "hostPath": {"path": "/nowhere"},
        },
    }


def sized(size: str, class_name: str) -> dict[str, Any]:
    return {"managed": {"storage": {"size": size, "className": class_name}}}


async def begin(story: Story, class_name: str) -> None:
    """A server whose claim is bound, by the controllers."""
    await story.begin(database=sized("10Gi", class_name), signingKeys=SIGNING)

    async def is_bound() -> bool:
        claim = await story.get("PersistentVolumeClaim", CLAIM)
        return bool(claim and claim["status"].get("capacity"))

    await story.until(is_bound)


async def asked(story: Story) -> str:
    claim = await story.get("PersistentVolumeClaim", CLAIM)
    return str(claim["spec"]["resources"]["requests"]["storage"])


async def test_a_claim_grows_and_its_volume_is_told_in_the_status(
    story: Story, classes: dict[bool, str]
) -> None:
    await begin(story, classes[True])
    await story.go_on()
    assert await asked(story) == "10Gi"

    await story.edit(database=sized("20Gi", classes[True]))
    assert await asked(story) == "20Gi"
    assert (await story.conditions())["OptionalResourcesReady"][0] == "True"

    await story.tell("PersistentVolumeClaim", CLAIM, capacity={"storage": "20Gi"})
    await story.go_on()
    assert (await story.get("AuthlyServer"))["status"]["database"] == {"storage": "20Gi"}
    template = (await story.get("StatefulSet", "main-database"))["spec"]["volumeClaimTemplates"][0]
    assert template["spec"]["resources"]["requests"]["storage"] == "10Gi"  # immutable
    assert not [one for one in (await story.conditions()).values() if one[1] == "ApplyFailed"]


async def test_a_class_that_does_not_expand_is_told_in_the_api_servers_words(
    story: Story, classes: dict[bool, str]
) -> None:
    await begin(story, classes[False])
    await story.edit(database=sized("20Gi", classes[False]))

    assert await asked(story) == "10Gi"
    told = (await story.conditions())["OptionalResourcesReady"]
    assert told[:2] == ("False", "StorageNotExpanded")
    assert "stays at 10Gi instead of 20Gi" in told[2]
    assert "must support resize" in told[2]


async def test_a_claim_that_somebody_enlarged_by_hand_is_left_alone(
    story: Story, classes: dict[bool, str]
) -> None:
    await begin(story, classes[True])
    larger = {"spec": {"resources": {"requests": {"storage": "30Gi"}}}}
    await story.tools.api.merge("PersistentVolumeClaim", story.namespace, CLAIM, larger)

    await story.edit(database=sized("20Gi", classes[True]))
    assert await asked(story) == "30Gi"
