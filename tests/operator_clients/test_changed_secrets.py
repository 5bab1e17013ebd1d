"""Secrets that somebody changes in the server's database, while others of the client remain."""

from typing import Any

import pytest
from tests.operator_clients.landscape import Landscape, Object, condition, is_ready
from tests.operator_clients.rotations import held, lapse, listed, look, rotate, states
from tests.operator_clients.test_drift import notes


pytestmark = pytest.mark.control_plane
ADDED = "put there by somebody"
ADD = (
    "INSERT INTO authly.client_secrets (client_id, digest, position)"
    " SELECT id, sha256(%s), (SELECT max(position) + 1 FROM authly.client_secrets AS other"
    " WHERE other.client_id = client.id) FROM authly.clients AS client WHERE client_id = %s"
)
REPLACE = (
    "UPDATE authly.client_secrets AS secret SET digest = sha256(%s) FROM authly.clients AS client"
    " WHERE secret.client_id = client.id AND position = 1 AND client.client_id = %s"
)
TAKE = (
    "DELETE FROM authly.client_secrets AS secret USING authly.clients AS client"
    " WHERE secret.client_id = client.id AND position = 1 AND client.client_id = %s"
)
REDACTED = '"(redacted)"'


def drift(body: Object) -> Any:
    return (body.get("status") or {}).get("drift")


async def test_a_secret_that_somebody_adds_is_taken_away_again_at_once(land: Landscape) -> None:
    await land.client("shop")
    land.database.execute(ADD, ADDED.encode(), f"{land.place}.shop")
    assert await land.works("shop", ADDED)
    back = await look(land, "shop")
    assert is_ready(back), back["status"]
    assert states(back) == ["Active"], "it has no overlap: it was never ours"
    assert not await land.works("shop", ADDED)
    assert await land.works("shop")
    (note,) = await notes(land, "DriftCorrected")
    assert note.endswith("put back: auth.secret")


async def test_with_report_an_added_secret_is_told_and_left(land: Landscape) -> None:
    await land.client("shop", driftPolicy="Report")
    land.database.execute(ADD, ADDED.encode(), f"{land.place}.shop")
    for _ in range(2):
        told = await look(land, "shop")
        assert drift(told) == [{"path": "auth.secret", "desired": REDACTED, "actual": REDACTED}]
        assert condition(told, "Ready")[:2] == ("False", "Drifted")
        assert states(told) == ["Active"]
        assert ADDED not in str(told)
    lapse(land, "shop", "48 hours")
    await look(land, "shop")
    assert await land.works("shop", ADDED)
    assert await land.works("shop")


async def test_the_current_secret_comes_back_beside_the_former_one(land: Landscape) -> None:
    await land.client("shop")
    old = await held(land, "shop")
    await rotate(land, "shop")
    land.database.execute(TAKE, f"{land.place}.shop")
    assert not await land.works("shop")
    back = await look(land, "shop")
    assert is_ready(back), back["status"]
    assert states(back) == ["Active", "Retiring"]
    assert await land.works("shop")
    assert await land.works("shop", old)
    (note,) = await notes(land, "DriftCorrected")
    assert note.endswith("put back: auth.secret")
    lapse(land, "shop", "24 hours")
    assert states(await look(land, "shop")) == ["Active"]
    assert not await land.works("shop", old)


async def test_with_report_a_lost_current_secret_is_told_and_left(land: Landscape) -> None:
    await land.client("shop", driftPolicy="Report")
    old = await held(land, "shop")
    await rotate(land, "shop")
    land.database.execute(TAKE, f"{land.place}.shop")
    for _ in range(3):
        told = await look(land, "shop")
        assert drift(told) == [{"path": "auth.secret", "desired": REDACTED, "actual": REDACTED}]
    assert not await land.works("shop")
    assert await land.works("shop", old)
    enforced = await land.edit("shop", driftPolicy="Enforce")
    assert is_ready(enforced), enforced["status"]
    assert drift(enforced) is None
    assert await land.works("shop")


async def test_a_secret_that_was_replaced_in_the_database_is_put_back(land: Landscape) -> None:
    await land.client("shop")
    land.database.execute(REPLACE, ADDED.encode(), f"{land.place}.shop")
    assert await land.works("shop", ADDED)
    back = await look(land, "shop")
    assert is_ready(back), back["status"]
    assert await land.works("shop")
    (note,) = await notes(land, "DriftCorrected")
    assert note.endswith("put back: auth.secret")


async def test_rotations_and_edits_are_no_drift(land: Landscape) -> None:
    await land.client("shop", rotation={"overlap": "1h"})
    await rotate(land, "shop")
    patch = {"stringData": {"client_secret": "edited by hand"}}
    await land.api.merge("Secret", land.place, "shop-oauth", patch)
    await look(land, "shop")
    lapse(land, "shop", "1 hour")
    over = await look(land, "shop")
    assert len(listed(over)) == 1
    assert await notes(land, "DriftCorrected") == []


async def test_a_secret_that_an_operator_died_over_is_not_cut_off_by_an_edit(
    land: Landscape,
) -> None:
    """It registered the secret and died before its status told of it; then somebody edits."""
    made = await land.client("shop")
    await rotate(land, "shop")
    new = await held(land, "shop")
    body = await land.api.get("AuthlyClient", land.place, "shop")
    assert body is not None
    await land.api.write_status(body, made["status"])
    patch = {"stringData": {"client_secret": "edited by hand"}}
    await land.api.merge("Secret", land.place, "shop-oauth", patch)
    for _ in range(2):
        edited = await look(land, "shop")
        assert is_ready(edited), edited["status"]
        assert await land.works("shop", new)
        assert await land.works("shop", "edited by hand")
    assert await notes(land, "DriftCorrected") == []
