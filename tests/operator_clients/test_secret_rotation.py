"""A client's secret is replaced without an outage: really shown to the server at each step."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from tests.operator_clients.landscape import Landscape, condition, is_ready
from tests.operator_clients.rotations import (
    held,
    lapse,
    listed,
    look,
    rotate,
    rotated,
    states,
    write,
)

from authly_operator.instance import registry


pytestmark = pytest.mark.control_plane
USED = "SELECT last_used_at FROM authly.client_secrets WHERE digest = sha256(%s)"
NOTED_WITHIN = 90.0
"""Seconds until a use is in the database: it is written once a minute."""


async def test_both_secrets_work_for_the_overlap_and_the_new_one_alone_after_it(
    land: Landscape,
) -> None:
    await land.client("shop", rotation={"overlap": "24h"})
    old = await held(land, "shop")
    turning = await rotate(land, "shop")
    new = await held(land, "shop")
    assert new != old
    assert is_ready(turning), turning["status"]
    assert states(turning) == ["Active", "Retiring"]
    assert rotated(turning) == ("False", "SecretRetiring")
    assert await land.works("shop", new)
    assert await land.works("shop", old)
    lapse(land, "shop", "23 hours 59 minutes")
    assert states(await look(land, "shop")) == ["Active", "Retiring"]
    assert await land.works("shop", old)
    lapse(land, "shop", "2 minutes")
    over = await look(land, "shop")
    assert (states(over), rotated(over)) == (["Active"], ("True", "OneSecret"))
    assert is_ready(over)
    assert await held(land, "shop") == new
    assert await land.works("shop", new)
    assert not await land.works("shop", old)


async def test_a_secret_is_replaced_when_it_is_as_old_as_the_interval(land: Landscape) -> None:
    made = await land.client("shop", rotation={"interval": "720h", "overlap": "1h"})
    old = await held(land, "shop")
    created = datetime.fromisoformat(listed(made)[0]["created"])
    due = datetime.fromisoformat(made["status"]["nextRotationTime"])
    assert due - created == timedelta(hours=720)
    lapse(land, "shop", "719 hours 59 minutes")
    await look(land, "shop")
    assert await held(land, "shop") == old
    lapse(land, "shop", "1 minute")
    assert is_ready(await look(land, "shop"))
    new = await held(land, "shop")
    assert new != old
    assert await land.works("shop", old)
    assert await land.works("shop", new)


async def test_no_secret_retires_before_the_token_endpoint_has_taken_the_one_after_it(
    land: Landscape,
) -> None:
    """The operator registers a new secret, cannot show it to the server, and is away for days."""
    await land.client("shop", rotation={"overlap": "1h"})
    old = await held(land, "shop")
    port = land.database.instance.server.port
    await land.api.merge("AuthlyServer", land.place, "main", {"spec": {"service": {"port": 1}}})
    await write(land, "shop-oauth", "edited meanwhile")
    unseen = await look(land, "shop")
    assert rotated(unseen) == ("False", "NotVerified")
    assert "expires" not in listed(unseen)[1]
    lapse(land, "shop", "96 hours")
    await look(land, "shop")
    assert await land.works("shop", old)
    await land.api.merge("AuthlyServer", land.place, "main", {"spec": {"service": {"port": port}}})
    seen = await look(land, "shop")
    assert is_ready(seen), seen["status"]
    assert await land.works("shop", old), "the overlap has begun now"
    lapse(land, "shop", "1 hour")
    await look(land, "shop")
    assert not await land.works("shop", old)
    assert await land.works("shop", "edited meanwhile")


async def test_an_operator_that_comes_back_after_the_overlap_ends_it(land: Landscape) -> None:
    await land.client("shop")
    old = await held(land, "shop")
    await rotate(land, "shop")
    lapse(land, "shop", "96 hours")
    assert await land.works("shop", old), "nobody retires it while the operator is away"
    over = await look(land, "shop")
    assert is_ready(over)
    assert not await land.works("shop", old)
    assert await land.works("shop")


async def test_a_second_request_waits_until_the_first_rotation_is_over(land: Landscape) -> None:
    await land.client("shop")
    first = await held(land, "shop")
    await rotate(land, "shop", "2026-01-01T00:00:00Z")
    second = await held(land, "shop")
    waiting = await rotate(land, "shop", "2026-01-02T00:00:00Z")
    assert await held(land, "shop") == second
    assert "comes after that" in condition(waiting, "SecretRotated")[2]
    assert waiting["status"]["nextRotationTime"] == listed(waiting)[1]["expires"]
    lapse(land, "shop", "24 hours")
    await look(land, "shop")
    assert not await land.works("shop", first)
    await look(land, "shop")
    third = await held(land, "shop")
    assert third != second
    assert await land.works("shop", second)
    assert await land.works("shop", third)
    lapse(land, "shop", "24 hours")
    assert states(await look(land, "shop")) == ["Active"]
    await look(land, "shop")
    assert await held(land, "shop") == third, "each request is answered once"


async def test_without_overlap_the_former_secret_ends_with_the_rotation(land: Landscape) -> None:
    await land.client("shop", rotation={"overlap": "0s"})
    old = await held(land, "shop")
    assert states(await rotate(land, "shop")) == ["Active"]
    assert not await land.works("shop", old)
    assert await land.works("shop")


async def test_a_time_to_come_is_waited_for(land: Landscape) -> None:
    await land.client("shop")
    old = await held(land, "shop")
    later = (datetime.now(UTC) + timedelta(hours=2)).strftime("%Y-%m-%dT%H:%M:%SZ")  # noqa: TID251
    waiting = await rotate(land, "shop", later)
    assert await held(land, "shop") == old
    assert waiting["status"]["nextRotationTime"] == later


async def test_what_is_not_in_use_retires_and_what_is_stays(land: Landscape) -> None:
    """The former secret is really shown to the token endpoint, which alone knows of uses."""
    await land.client("shop", rotation={"overlap": "1h", "retireWhen": "Unused"})
    old = await held(land, "shop")
    await rotate(land, "shop")
    lapse(land, "shop", "59 minutes")
    before = land.database.fetch(USED, old.encode())
    assert await land.works("shop", old)
    async with asyncio.timeout(NOTED_WITHIN):
        while (noted := land.database.fetch(USED, old.encode())) == before:  # noqa: ASYNC110
            await asyncio.sleep(0.5)
    lapse(land, "shop", "50 minutes")  # it may have taken a minute to be written
    used = await look(land, "shop")
    assert states(used) == ["Active", "Retiring"]
    told = datetime.fromisoformat(listed(used)[1]["lastUsed"])
    assert told == noted.replace(microsecond=0) - timedelta(minutes=50)
    assert await land.works("shop", old), "nobody is cut off who was there an hour ago"
    async with asyncio.timeout(NOTED_WITHIN):  # until that use is in the database, and long ago
        while states(await look(land, "shop")) != ["Active"]:
            lapse(land, "shop", "2 hours")
    assert not await land.works("shop", old)


@pytest.mark.parametrize(
    "auth", [None, {"method": "ServiceAccount", "serviceAccount": {"name": "x"}}]
)
async def test_a_client_without_a_secret_has_nothing_to_rotate(
    land: Landscape, auth: dict[str, object] | None
) -> None:
    public = {
        "type": "Public",
        "grantTypes": ["authorization_code"],
        "redirectUris": ["https://shop.example/callback"],
    }
    made = await land.client("shop", **({"auth": auth} if auth else public))
    asked = await rotate(land, "shop")
    assert is_ready(asked), asked["status"]
    assert rotated(asked) == ("True", "NothingToRotate")
    assert "secrets" not in asked["status"]
    assert "client_secret" not in await land.data("shop-oauth")
    assert asked["status"] == made["status"]


async def test_a_rotation_that_waits_writes_nothing_and_tells_no_secret(land: Landscape) -> None:
    await land.client("shop")
    secrets = [await held(land, "shop")]
    await rotate(land, "shop")
    secrets.append(await held(land, "shop"))
    body = await look(land, "shop")
    rows = "SELECT array_agg(xmin::text || ctid::text) FROM authly.clients"
    before = land.database.fetch(rows)
    again = await look(land, "shop")
    assert again["metadata"]["resourceVersion"] == body["metadata"]["resourceVersion"]
    assert land.database.fetch(rows) == before
    told = [again, *await land.api.list_objects("Event", land.place)]
    assert not any(secret in str(told) for secret in secrets)
    assert not any(one["id"] in secrets[1] for one in listed(again))


async def test_events_tell_of_a_rotation_and_not_of_what_rests(land: Landscape) -> None:
    async def reasons() -> list[str]:
        events = await land.api.list_objects("Event", land.place)
        return sorted({one["reason"] for one in events})

    await land.client("shop")
    assert await reasons() == ["Ready"]
    await rotate(land, "shop")
    assert await reasons() == ["Ready", "SecretRetiring"]
    lapse(land, "shop", "24 hours")
    await look(land, "shop")
    assert await reasons() == ["OneSecret", "Ready", "SecretRetiring"]


async def test_nothing_is_rotated_while_the_server_does_not_answer(land: Landscape) -> None:
    await land.client("shop")
    old = await held(land, "shop")
    server = await land.api.get("AuthlyServer", land.place, "main")
    assert server is not None
    kept = [one for one in server["status"]["conditions"] if one["type"] != "EndpointReady"]
    await land.api.write_status(server, {**server["status"], "conditions": kept})
    await rotate(land, "shop")
    assert await held(land, "shop") == old
    server = await land.api.get("AuthlyServer", land.place, "main")
    assert server is not None
    answers = {**kept[0], "type": "EndpointReady"}
    await land.api.write_status(server, {**server["status"], "conditions": [*kept, answers]})
    assert is_ready(await look(land, "shop"))
    assert await held(land, "shop") != old


async def test_times_are_told_in_utc_wherever_the_database_is(land: Landscape) -> None:
    made = await land.client("shop", rotation={"interval": "720h"})
    registry.close()  # a connection has the zone that held when it was made
    name = land.database.fetch("SELECT current_database()")
    land.database.execute(f'ALTER DATABASE "{name}" SET timezone = "Asia/Tokyo"')
    try:
        again = await look(land, "shop")
    finally:
        land.database.execute(f'ALTER DATABASE "{name}" RESET timezone')
        registry.close()
    assert listed(again) == listed(made)
    assert again["status"]["nextRotationTime"] == made["status"]["nextRotationTime"]
