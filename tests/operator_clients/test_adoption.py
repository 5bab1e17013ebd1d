"""A registered client that is nobody's is taken over, and only where that is asked for."""

from typing import Any

import pytest
from tests.operator_clients.landscape import MACHINE, Landscape, condition, is_ready
from tests.operator_clients.rotations import lapse, look

from throwaway.registration import RegisteredClient


pytestmark = pytest.mark.control_plane
ADOPT: dict[str, Any] = {"adoptionPolicy": "IfUnowned"}
OWNER = "SELECT owner FROM authly.clients WHERE client_id = %s"


def by_hand(land: Landscape, owner: str | None = None) -> RegisteredClient:
    """A client that somebody registered before there was an operator."""
    name = f"{land.place}.shop"
    made = land.database.instance.apply_client(name, owner="somebody/else")
    land.database.execute("UPDATE authly.clients SET owner = %s WHERE client_id = %s", owner, name)
    return made


async def test_a_client_of_nobody_is_left_alone_unless_that_is_asked_for(land: Landscape) -> None:
    before = by_hand(land)
    made = await land.client("shop")
    assert condition(made, "Synced")[:2] == ("False", "Conflict")
    assert "spec.adoptionPolicy IfUnowned" in condition(made, "Ready")[2]
    assert await land.data("shop-oauth") == {}
    assert land.token(*before.basic)[0] == 200


async def test_an_adopted_client_gets_a_secret_and_its_users_have_an_overlap(
    land: Landscape,
) -> None:
    before = by_hand(land)
    await land.client("shop")
    adopted = await land.edit("shop", **ADOPT)
    assert is_ready(adopted), adopted["status"]
    assert land.database.fetch(OWNER, before.client_id) == f"{land.place}/shop"
    assert await land.works("shop")
    assert land.token(*before.basic)[0] == 200, "whoever used it so far goes on"
    lapse(land, "shop", "24 hours")
    await look(land, "shop")
    assert await land.works("shop")
    assert not await land.works("shop", before.secret)
    audit = (
        "SELECT count(*) FROM authly.audit_log WHERE event = 'client_adopted' AND client_id = %s"
    )
    assert land.database.fetch(audit, before.client_id) == 1


async def test_a_client_of_somebody_else_is_never_adopted(land: Landscape) -> None:
    before = by_hand(land, owner="somebody/else")
    made = await land.client("shop", **ADOPT)
    assert condition(made, "Synced")[:2] == ("False", "Conflict")
    assert await land.data("shop-oauth") == {}
    assert land.token(*before.basic)[0] == 200
    assert land.database.fetch(OWNER, before.client_id) == "somebody/else"


async def test_a_client_that_registered_itself_is_never_adopted(land: Landscape) -> None:
    before = by_hand(land)
    origin = "UPDATE authly.clients SET origin = %s WHERE client_id = %s"
    land.database.execute(origin, "dynamic", before.client_id)
    made = await land.client("shop", **ADOPT)
    assert condition(made, "Synced")[:2] == ("False", "Conflict")


async def test_an_orphan_may_be_adopted_by_another_name_and_nobody_is_cut_off(
    land: Landscape,
) -> None:
    client_id = f"{land.place}.old"
    await land.client("old", clientId=client_id)
    secret = (await land.data("old-oauth"))["client_secret"]
    # Both in one go: the operator never saw the policy before the deletion.
    await land.api.merge("AuthlyClient", land.place, "old", {"spec": {"deletionPolicy": "Orphan"}})
    assert await land.delete("AuthlyClient", "old") == {}
    assert land.token(client_id, secret)[0] == 200
    refused = await land.client("new", clientId=client_id)
    assert condition(refused, "Synced")[:2] == ("False", "Conflict")
    adopted = await land.edit("new", **ADOPT)
    assert is_ready(adopted), adopted["status"]
    assert land.token(client_id, secret)[0] == 200
    assert land.token(client_id, (await land.data("new-oauth"))["client_secret"])[0] == 200
    taken = await land.client("old", clientId=client_id, **ADOPT)
    assert condition(taken, "Synced")[:2] == ("False", "Conflict"), "it is somebody's again"


async def test_an_orphan_that_comes_back_by_its_name_needs_no_adoption(land: Landscape) -> None:
    await land.client("shop", deletionPolicy="Orphan")
    secret = (await land.data("shop-oauth"))["client_secret"]
    assert await land.delete("AuthlyClient", "shop") == {}
    assert is_ready(await land.client("shop"))
    assert await land.works("shop", secret)
    gone = "SELECT owner_gone_at FROM authly.clients WHERE client_id = %s"
    assert land.database.fetch(gone, f"{land.place}.shop") is None


async def test_two_resources_that_want_one_client_never_share_it(land: Landscape) -> None:
    before = by_hand(land)
    spec = {"clientId": before.client_id, **ADOPT}
    assert is_ready(await land.client("shop", **spec))
    second = await land.client("other", **spec, **MACHINE)
    assert condition(second, "Synced")[:2] == ("False", "Conflict")
    assert await land.data("other-oauth") == {}
    assert is_ready(await look(land, "shop"))
