"""spec.rotation, edited and removed while secrets overlap, by which of them get tokens then."""

from typing import Any

import pytest
from tests.operator_clients.consumers import deploy, permit
from tests.operator_clients.landscape import Landscape
from tests.operator_clients.rotations import held, lapse, look, rotate, rotated, states


pytestmark = pytest.mark.control_plane


async def overlapping(land: Landscape, **rotation: Any) -> tuple[str, str]:
    """A client in the middle of a rotation: its former secret, and the current one."""
    await land.client("shop", rotation=rotation)
    old = await held(land, "shop")
    await rotate(land, "shop")
    return old, await held(land, "shop")


async def accepted(land: Landscape, *secrets: str) -> list[bool]:
    return [await land.works("shop", one) for one in secrets]


async def test_an_interval_is_that_of_the_resource_as_it_is_now(land: Landscape) -> None:
    made = await land.client("shop", rotation={"interval": "720h"})
    first = await held(land, "shop")
    sooner = await land.edit("shop", rotation={"interval": "240h"})
    assert sooner["status"]["nextRotationTime"] < made["status"]["nextRotationTime"]
    never = await land.edit("shop", rotation={"interval": None})
    assert "nextRotationTime" not in never["status"]
    lapse(land, "shop", "241 hours")
    await look(land, "shop")
    assert await held(land, "shop") == first
    await land.edit("shop", rotation={"interval": "240h"})
    assert await held(land, "shop") != first
    assert await accepted(land, first, await held(land, "shop")) == [True, True]


async def test_an_overlap_is_that_of_the_resource_as_it_is_now(land: Landscape) -> None:
    old, new = await overlapping(land, overlap="1h")
    await land.edit("shop", rotation={"overlap": "48h"})
    lapse(land, "shop", "2 hours")
    await look(land, "shop")
    assert await accepted(land, old, new) == [True, True]
    await land.edit("shop", rotation=None)  # 24 hours then
    assert await accepted(land, old, new) == [True, True]
    lapse(land, "shop", "22 hours")
    assert states(await look(land, "shop")) == ["Active"]
    assert await accepted(land, old, new) == [False, True]


async def test_a_former_secret_waits_to_be_unused_only_while_the_resource_says_so(
    land: Landscape,
) -> None:
    old, new = await overlapping(land, overlap="1h", retireWhen="Unused")
    used = (
        "UPDATE authly.client_secrets AS secret SET last_used_at = now() FROM authly.clients AS"
        " client WHERE client.id = secret.client_id AND client.client_id = %s"
    )
    lapse(land, "shop", "2 hours")
    land.database.execute(used, f"{land.place}.shop")
    await look(land, "shop")
    assert await accepted(land, old, new) == [True, True]
    await land.edit("shop", rotation={"retireWhen": None})
    assert await accepted(land, old, new) == [False, True]


async def test_a_consumer_that_is_no_longer_named_is_waited_for_no_more(land: Landscape) -> None:
    permit(land)
    target = await deploy(land, "api")
    old, new = await overlapping(land, overlap="1h", rolloutTargets=[target])
    lapse(land, "shop", "2 hours")
    assert rotated(await look(land, "shop")) == ("False", "RollingOut")
    assert await accepted(land, old, new) == [True, True]
    await land.edit("shop", rotation={"rolloutTargets": None})
    lapse(land, "shop", "2 hours")
    assert states(await look(land, "shop")) == ["Active"]
    assert await accepted(land, old, new) == [False, True]
