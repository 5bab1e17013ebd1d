"""Clients whose resource went while the server was away: nobody goes on with their secrets."""

from typing import Any

import pytest
from tests.operator_clients.landscape import MACHINE, Landscape, condition, is_ready

from authly_operator.reconcile import abandoned
from authly_operator.workqueue import Key


pytestmark = pytest.mark.control_plane
AN_HOUR_AGO = (
    "UPDATE authly.clients SET owner_gone_at = now() - interval '61 min' WHERE client_id = %s"
)
FOUND = "SELECT enabled FROM authly.clients WHERE client_id = %s"


async def lose_server(land: Landscape) -> None:
    """The AuthlyServer goes, and its database stays (deletionPolicy Retain)."""
    body = await land.api.get("AuthlyServer", land.place, "main")
    assert body is not None
    await land.api.delete("AuthlyServer", land.place, "main", body["metadata"]["uid"])
    found = await land.api.get("Secret", land.place, "main-credentials")
    assert found is not None
    await land.api.delete("Secret", land.place, "main-credentials", found["metadata"]["uid"])


async def sweep(land: Landscape) -> None:
    """What the story of the AuthlyServer does as soon as its database answers."""
    await abandoned.sweep(
        land.tools, Key("AuthlyServer", land.place, "main"), land.database.operator
    )


async def abandon(land: Landscape, name: str, **spec: Any) -> tuple[str, str]:
    """A client that is deleted while the server is away; its client_id and its secret."""
    await land.client(name, **spec)
    data = await land.data(f"{name}-oauth")
    await lose_server(land)
    assert await land.delete("AuthlyClient", name) == {}, "nobody holds the deletion up"
    await land.serve(land.place)
    return data["client_id"], data["client_secret"]


async def test_a_client_deleted_while_the_server_was_away_is_refused_when_it_is_back(
    land: Landscape,
) -> None:
    identity = await abandon(land, "shop")
    assert land.token(*identity)[0] == 200, "the row is still there"
    await sweep(land)
    assert land.token(*identity) == (401, land.token(*identity)[1])
    assert land.database.fetch(FOUND, identity[0]) is False


async def test_its_row_is_deleted_an_hour_later(land: Landscape) -> None:
    client_id, _ = await abandon(land, "shop")
    await sweep(land)
    await sweep(land)
    assert land.database.fetch(FOUND, client_id) is False
    land.database.execute(AN_HOUR_AGO, client_id)
    await sweep(land)
    assert land.database.fetch(FOUND, client_id) is None


async def test_a_client_applied_again_in_that_hour_goes_on(land: Landscape) -> None:
    client_id, _ = await abandon(land, "shop")
    await sweep(land)
    assert is_ready(await land.client("shop"))
    assert await land.works("shop")
    land.database.execute(AN_HOUR_AGO, client_id)
    assert is_ready(await land.tell("AuthlyClient", "shop"))
    await sweep(land)
    assert await land.works("shop")


async def test_a_client_to_be_disabled_is_kept_and_refused(land: Landscape) -> None:
    identity = await abandon(land, "shop", deletionPolicy="Disable")
    await sweep(land)
    land.database.execute(AN_HOUR_AGO, identity[0])
    await sweep(land)
    assert land.token(*identity)[0] == 401
    assert land.database.fetch(FOUND, identity[0]) is False


async def test_an_orphan_goes_on(land: Landscape) -> None:
    identity = await abandon(land, "shop", deletionPolicy="Orphan")
    await sweep(land)
    assert land.token(*identity)[0] == 200


async def test_the_row_of_a_client_id_that_its_resource_no_longer_has_is_swept(
    land: Landscape,
) -> None:
    client_id, secret = await abandon(land, "shop", clientId=f"{land.place}-first")
    assert is_ready(await land.client("shop", clientId=f"{land.place}-second"))
    await sweep(land)
    assert land.token(client_id, secret)[0] == 401
    assert await land.works("shop")


async def test_whoever_is_there_is_not_swept_though_no_event_told_of_it(land: Landscape) -> None:
    await land.client("shop")
    land.known.note(Key("AuthlyClient", land.place, "shop"), None)
    await sweep(land)
    assert await land.works("shop")


async def test_a_scope_deleted_meanwhile_goes_after_its_hour_and_its_clients(
    land: Landscape,
) -> None:
    name = f"{land.place}:orders"
    reference = {"serverRef": {"name": "main"}}
    await land.create("AuthlyScope", "orders", land.place, {**reference, "name": name})
    await land.tell("AuthlyScope", "orders")
    await land.client("shop", scopes=[*MACHINE["scopes"], name])
    await lose_server(land)
    assert await land.delete("AuthlyScope", "orders") == {}
    await land.serve(land.place)
    ago = "UPDATE authly.scopes SET owner_gone_at = now() - interval '61 min' WHERE name = %s"
    await sweep(land)
    land.database.execute(ago, name)
    await sweep(land)
    there = "SELECT count(*) FROM authly.scopes WHERE name = %s"
    assert land.database.fetch(there, name) == 1, "a client may ask for it"
    assert condition(await land.delete("AuthlyClient", "shop"), "Ready")[0] == "Unknown"
    await sweep(land)
    assert land.database.fetch(there, name) == 0
