"""Former secrets and keys that somebody takes from the database before their overlap is over."""

from typing import Any

import pytest
from tests.operator_clients.landscape import Landscape, is_ready
from tests.operator_clients.rotations import held, lapse, listed, look, rotate, states, write
from tests.operator_clients.test_drift import notes
from tests.operator_clients.test_generated_keys import GENERATED


pytestmark = pytest.mark.control_plane
GONE = "FormerSecretGone"
TAKE_SECRET = (
    "DELETE FROM authly.client_secrets AS secret USING authly.clients AS client"
    " WHERE secret.client_id = client.id AND client.client_id = %s AND retiring_since IS NOT NULL"
)
TAKE_KEY = (
    "UPDATE authly.clients SET jwks = jsonb_set(jwks, '{keys}', (SELECT jsonb_agg(key)"
    " FROM jsonb_array_elements(jwks -> 'keys') AS key WHERE key ->> 'kid' <> %s))"
    " WHERE client_id = %s"
)


@pytest.fixture(params=["Elapsed", "Unused"])
def rotation(request: pytest.FixtureRequest) -> dict[str, Any]:
    return {"rotation": {"overlap": "24h", "retireWhen": request.param}}


async def test_a_former_secret_that_somebody_takes_is_told_once(
    land: Landscape, rotation: dict[str, Any]
) -> None:
    await land.client("shop", **rotation)
    old = await held(land, "shop")
    turning = await rotate(land, "shop")
    former = listed(turning)[1]["id"]
    land.database.execute(TAKE_SECRET, f"{land.place}.shop")
    assert not await land.works("shop", old)
    after = await look(land, "shop")
    (note,) = await notes(land, GONE)
    assert former in note
    assert old not in note
    assert is_ready(after), after["status"]
    assert states(after) == ["Active"]
    assert await land.works("shop")
    await look(land, "shop")
    assert len(await notes(land, GONE)) == 1


async def test_a_former_key_that_somebody_takes_is_told_once(land: Landscape) -> None:
    await land.client("shop", **GENERATED, rotation={"overlap": "24h"})
    turning = await rotate(land, "shop")
    former = listed(turning)[1]["id"]
    land.database.execute(TAKE_KEY, former, f"{land.place}.shop")
    after = await look(land, "shop")
    (note,) = await notes(land, GONE)
    assert former in note
    assert is_ready(after), after["status"]
    assert states(after) == ["Active"]
    await look(land, "shop")
    assert len(await notes(land, GONE)) == 1


async def test_a_former_secret_whose_time_is_over_goes_without_a_word(
    land: Landscape, rotation: dict[str, Any]
) -> None:
    await land.client("shop", **rotation)
    await rotate(land, "shop")
    lapse(land, "shop", "25 hours")
    assert states(await look(land, "shop")) == ["Active"]
    assert await notes(land, GONE) == []


async def test_an_operator_that_died_before_it_told_of_the_end_accuses_nobody(
    land: Landscape,
) -> None:
    await land.client("shop", rotation={"overlap": "1h"})
    turning = await rotate(land, "shop")
    lapse(land, "shop", "2 hours")
    await look(land, "shop")
    now = await land.api.get("AuthlyClient", land.place, "shop")
    assert now is not None
    old = [{**one, "expires": "2026-01-01T00:00:00Z"} for one in listed(turning)[1:]]
    await land.api.write_status(now, {**turning["status"], "secrets": [listed(turning)[0], *old]})
    assert states(await look(land, "shop")) == ["Active"]
    assert await notes(land, GONE) == []


async def test_the_oldest_of_many_edited_secrets_goes_without_a_word(land: Landscape) -> None:
    await land.client("shop", rotation={"overlap": "24h"})
    for number in range(5):
        await write(land, "shop-oauth", f"edited-{number}".ljust(43, "x"))
        assert is_ready(await look(land, "shop"))
    assert await notes(land, GONE) == []
