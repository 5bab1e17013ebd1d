"""A secret that somebody writes by hand is a rotation too: the one before keeps its overlap."""

import pytest
from tests.operator_clients.landscape import Landscape, condition, is_ready
from tests.operator_clients.rotations import held, lapse, look, rotate, states, write
from tests.operator_clients.test_drift import notes


pytestmark = pytest.mark.control_plane
GIVEN = {"secret": {"source": "Existing", "ref": {"name": "given", "key": "password"}}}


async def test_an_edited_secret_is_taken_at_once_and_the_one_before_keeps_its_overlap(
    land: Landscape,
) -> None:
    await land.client("shop")
    old = await held(land, "shop")
    await write(land, "shop-oauth", "edited by hand")
    edited = await look(land, "shop")
    assert is_ready(edited), edited["status"]
    assert await land.works("shop", "edited by hand")
    assert await land.works("shop", old)
    lapse(land, "shop", "24 hours")
    await look(land, "shop")
    assert await land.works("shop", "edited by hand")
    assert not await land.works("shop", old)


async def test_a_referenced_secret_that_changes_is_taken_and_the_one_before_keeps_its_overlap(
    land: Landscape,
) -> None:
    await land.secret("given", land.place, {"password": "first of one's own"})
    await land.client("shop", auth=GIVEN)
    await write(land, "given", "second of one's own", "password")
    assert is_ready(await look(land, "shop"))
    assert await held(land, "shop") == "second of one's own"
    assert await land.works("shop", "second of one's own")
    assert await land.works("shop", "first of one's own")
    lapse(land, "shop", "24 hours")
    await look(land, "shop")
    assert not await land.works("shop", "first of one's own")
    asked = await rotate(land, "shop")
    assert await held(land, "shop") == "second of one's own"
    assert "has no effect on what Secret given holds" in condition(asked, "SecretRotated")[2]


async def test_what_was_edited_while_the_operator_was_away_for_days_has_its_whole_overlap(
    land: Landscape,
) -> None:
    await land.client("shop", rotation={"overlap": "1h"})
    old = await held(land, "shop")
    await write(land, "shop-oauth", "edited meanwhile")
    lapse(land, "shop", "96 hours")
    assert is_ready(await look(land, "shop"))
    assert await land.works("shop", old)
    assert await land.works("shop", "edited meanwhile")
    lapse(land, "shop", "1 hour")
    await look(land, "shop")
    assert not await land.works("shop", old)


async def test_edits_during_a_rotation_cut_nobody_off(land: Landscape) -> None:
    await land.client("shop")
    secrets = [await held(land, "shop")]
    await rotate(land, "shop")
    secrets.append(await held(land, "shop"))
    lapse(land, "shop", "23 hours")
    for text in ("edited by one", "edited by another"):
        await write(land, "shop-oauth", text)
        assert is_ready(await look(land, "shop"))
        secrets.append(text)
    assert [await land.works("shop", each) for each in secrets] == [True] * 4
    lapse(land, "shop", "1 hour")
    assert states(await look(land, "shop")) == ["Active", "Retiring", "Retiring"]
    assert [await land.works("shop", each) for each in secrets] == [False, True, True, True]
    lapse(land, "shop", "23 hours")
    assert states(await look(land, "shop")) == ["Active"]
    assert [await land.works("shop", each) for each in secrets] == [False, False, False, True]


async def test_whoever_goes_back_to_the_former_secret_has_an_overlap_too(land: Landscape) -> None:
    await land.client("shop")
    old = await held(land, "shop")
    await rotate(land, "shop")
    new = await held(land, "shop")
    lapse(land, "shop", "23 hours")
    await write(land, "shop-oauth", old)
    assert is_ready(await look(land, "shop"))
    lapse(land, "shop", "2 hours")
    assert is_ready(await look(land, "shop"))
    assert await land.works("shop", old)
    assert await land.works("shop", new)
    lapse(land, "shop", "22 hours")
    await look(land, "shop")
    assert await land.works("shop", old)
    assert not await land.works("shop", new)


async def test_a_deleted_secret_comes_back_as_it_was_whatever_was_asked_for_before(
    land: Landscape,
) -> None:
    await land.client("shop")
    await rotate(land, "shop")
    lapse(land, "shop", "24 hours")
    await look(land, "shop")
    before = await held(land, "shop")
    found = await land.api.get("Secret", land.place, "shop-oauth")
    assert found is not None
    await land.api.delete("Secret", land.place, "shop-oauth", found["metadata"]["uid"])
    assert is_ready(await look(land, "shop"))
    assert await held(land, "shop") == before
    assert is_ready(await look(land, "shop"))
    assert await held(land, "shop") == before


@pytest.mark.parametrize("loss", ["deleted", "emptied"])
async def test_a_secret_that_nobody_knows_any_more_is_drawn_anew_and_told(
    land: Landscape, loss: str
) -> None:
    """As after a restart of the operator, which remembers what Secrets held only while it lives."""
    made = await land.client("shop", rotation={"overlap": "1h"})
    assert await notes(land, "SecretLost") == []
    old, uid = await held(land, "shop"), made["metadata"]["uid"]
    found = await land.api.get("Secret", land.place, "shop-oauth")
    assert found is not None
    land.tools.memory.forget(uid)
    if loss == "deleted":
        await land.api.delete("Secret", land.place, "shop-oauth", found["metadata"]["uid"])
    else:
        await land.api.merge("Secret", land.place, "shop-oauth", {"data": {"client_secret": None}})
    again = await look(land, "shop")
    assert is_ready(again), again["status"]
    new = await held(land, "shop")
    assert new != old
    assert [await land.works("shop", one) for one in (old, new)] == [True, True]
    (note,) = await notes(land, "SecretLost")
    assert old not in note
    await look(land, "shop")
    assert len(await notes(land, "SecretLost")) == 1
    lapse(land, "shop", "1 hour")
    await look(land, "shop")
    assert [await land.works("shop", one) for one in (old, new)] == [False, True]


async def test_no_other_change_of_a_secret_is_told_as_a_loss(land: Landscape) -> None:
    await land.client("shop")
    await rotate(land, "shop")
    await land.edit("shop", auth={"method": "ServiceAccount", "serviceAccount": {"name": "x"}})
    await land.edit("shop", auth=None)
    await land.edit("shop", secretTemplate={"name": "other"})
    found = await land.api.get("Secret", land.place, "other")
    assert found is not None
    await land.api.delete("Secret", land.place, "other", found["metadata"]["uid"])
    assert is_ready(await look(land, "shop"))
    assert await notes(land, "SecretLost") == []
