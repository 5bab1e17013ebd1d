"""A generated key is replaced without an outage: really shown to the server at each step."""

import asyncio
from typing import Any

import pytest
from tests.operator_clients.consumers import asked_for, deploy, permit, run_pods
from tests.operator_clients.landscape import Landscape, condition, is_ready
from tests.operator_clients.rotations import lapse, listed, look, rotate, rotated, states
from tests.operator_clients.test_generated_keys import GENERATED, proves


pytestmark = pytest.mark.control_plane
USED = (
    "SELECT last_used_at FROM authly.client_keys AS key JOIN authly.clients AS client"
    " ON client.id = key.client_id WHERE client.client_id = %s AND kid = %s"
)
NOTED_WITHIN = 90.0
"""Seconds until a use is in the database: it is written once a minute."""


async def held(land: Landscape) -> str:
    """The private key that the client's pods are given now."""
    return (await land.data("shop-oauth"))["private_key"]


async def test_both_keys_prove_for_the_overlap_and_the_new_one_alone_after_it(
    land: Landscape,
) -> None:
    made = await land.client("shop", **GENERATED, rotation={"overlap": "24h"})
    assert rotated(made) == ("True", "OneSecret")
    old = await held(land)
    turning = await rotate(land, "shop")
    new = await held(land)
    assert new != old
    assert is_ready(turning), turning["status"]
    assert rotated(turning) == ("False", "SecretRetiring")
    assert states(turning) == ["Active", "Retiring"]
    assert listed(turning)[1]["id"] == listed(made)[0]["id"]
    assert turning["status"]["verified"].startswith(listed(turning)[0]["id"])
    assert proves(land, old)
    assert proves(land, new)
    lapse(land, "shop", "23 hours 59 minutes")
    await look(land, "shop")
    assert proves(land, old)
    assert await held(land) == new, "each request is answered once"
    lapse(land, "shop", "1 minute")
    over = await look(land, "shop")
    assert states(over) == ["Active"]
    assert rotated(over) == ("True", "OneSecret")
    assert not proves(land, old)
    assert proves(land, new)
    again = await look(land, "shop")
    assert again["metadata"]["resourceVersion"] == over["metadata"]["resourceVersion"]


async def test_a_key_is_replaced_when_it_is_as_old_as_interval_says(land: Landscape) -> None:
    made = await land.client("shop", **GENERATED, rotation={"interval": "720h"})
    old = await held(land)
    assert made["status"]["nextRotationTime"]
    lapse(land, "shop", "719 hours 59 minutes")
    await look(land, "shop")
    assert await held(land) == old
    lapse(land, "shop", "1 minute")
    assert is_ready(await look(land, "shop"))
    assert await held(land) != old
    assert proves(land, old)
    assert proves(land, await held(land))


async def test_consumers_are_restarted_with_the_new_key_before_the_old_one_goes(
    land: Landscape,
) -> None:
    permit(land)
    target = await deploy(land, "api")
    await land.client("shop", **GENERATED, rotation={"overlap": "1h", "rolloutTargets": [target]})
    old = await held(land)
    await run_pods(land, "api")
    turning = await rotate(land, "shop")
    assert rotated(turning) == ("False", "RollingOut")
    assert await asked_for(land, "api") == listed(turning)[0]["id"]
    lapse(land, "shop", "2 hours")
    await look(land, "shop")
    assert proves(land, old), "api has pods with the former key"
    await run_pods(land, "api")
    assert states(await look(land, "shop")) == ["Active"]
    assert not proves(land, old)


async def test_no_key_retires_before_the_token_endpoint_has_taken_the_one_after_it(
    land: Landscape,
) -> None:
    await land.client("shop", **GENERATED, rotation={"overlap": "1h"})
    await land.client("other", **GENERATED)
    old, another = await held(land), (await land.data("other-oauth"))["private_key"]
    port = land.database.instance.server.port
    await land.api.merge("AuthlyServer", land.place, "main", {"spec": {"service": {"port": 1}}})
    edit = {"stringData": {"private_key": another}}
    await land.api.merge("Secret", land.place, "shop-oauth", edit)
    unseen = await look(land, "shop")
    assert rotated(unseen) == ("False", "NotVerified")
    lapse(land, "shop", "96 hours")
    await look(land, "shop")
    assert proves(land, old)
    await land.api.merge("AuthlyServer", land.place, "main", {"spec": {"service": {"port": port}}})
    assert is_ready(await look(land, "shop"))
    assert proves(land, old), "the overlap has begun now"
    lapse(land, "shop", "1 hour")
    await look(land, "shop")
    assert not proves(land, old)
    assert proves(land, another)


async def test_without_overlap_the_former_key_ends_with_the_rotation(land: Landscape) -> None:
    await land.client("shop", **GENERATED, rotation={"overlap": "0s"})
    old = await held(land)
    assert states(await rotate(land, "shop")) == ["Active"]
    assert not proves(land, old)
    assert proves(land, await held(land))


async def test_a_key_that_is_in_use_stays_until_it_is_in_use_no_more(land: Landscape) -> None:
    await land.client("shop", **GENERATED, rotation={"overlap": "1h", "retireWhen": "Unused"})
    old = await held(land)
    turning = await rotate(land, "shop")
    former = f"{land.place}.shop", listed(turning)[1]["id"]
    lapse(land, "shop", "59 minutes")
    before = land.database.fetch(USED, *former)
    assert proves(land, old)
    async with asyncio.timeout(NOTED_WITHIN):
        while land.database.fetch(USED, *former) == before:  # noqa: ASYNC110
            await asyncio.sleep(0.5)
    lapse(land, "shop", "50 minutes")  # it may have taken a minute to be written
    assert states(await look(land, "shop")) == ["Active", "Retiring"]
    assert proves(land, old)


@pytest.mark.parametrize("policy", ["Enforce", "Report"])
async def test_a_key_that_somebody_put_beside_it_is_drift_and_no_former_one(
    land: Landscape, policy: str
) -> None:
    await land.client("shop", **GENERATED, driftPolicy=policy)
    await land.client("other", **GENERATED)
    strange = (await land.data("other-oauth"))["private_key"]
    land.database.execute(
        "UPDATE authly.clients AS client SET jwks = jsonb_build_object('keys',"
        " client.jwks -> 'keys' || (other.jwks -> 'keys'))"
        " FROM authly.clients AS other WHERE client.client_id = %s AND other.client_id = %s",
        f"{land.place}.shop",
        f"{land.place}.other",
    )
    assert proves(land, strange)
    await look(land, "shop")
    told = await look(land, "shop")
    assert states(told) == ["Active"]
    if policy == "Enforce":
        assert is_ready(told)
        assert not proves(land, strange)
    else:
        (drift,) = told["status"]["drift"]
        assert drift["path"] == "auth.privateKeyJwt.jwks"
        assert condition(told, "Ready")[:2] == ("False", "Drifted")
        assert proves(land, strange)
    assert proves(land, await held(land))


async def test_a_client_leaves_its_key_for_a_secret_in_the_middle_of_a_rotation(
    land: Landscape,
) -> None:
    await land.client("shop", **GENERATED)
    old = await held(land)
    await rotate(land, "shop")
    new = await held(land)
    back = await land.edit("shop", auth=None)
    assert is_ready(back), back["status"]
    assert await land.works("shop")
    assert states(back) == ["Active"]
    assert not proves(land, old)
    assert not proves(land, new)


async def test_only_a_generated_key_is_rotated_by_the_operator(land: Landscape) -> None:
    keys: dict[str, Any] = {"jwksUri": "https://shop.example/jwks"}
    auth = {"method": "PrivateKeyJwt", "privateKeyJwt": keys}
    with pytest.raises(Exception, match="only a client secret or a generated key is rotated"):
        await land.client("shop", auth=auth, rotation={"interval": "720h"})
