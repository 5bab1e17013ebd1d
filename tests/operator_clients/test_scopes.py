"""What becomes of an AuthlyScope, told by what tokens, UserInfo and the database then have."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from tests.operator_clients.landscape import Landscape, Object, condition, is_ready

from authly_operator.workqueue import Key


pytestmark = pytest.mark.control_plane
SEEDED = "SELECT description || ' ' || is_default FROM authly.scopes WHERE name = 'profile'"


async def scope(land: Landscape, resource: str, /, **spec: Any) -> Object:
    """Make an AuthlyScope of the test's own and tell its story."""
    reference = {"name": "main", "namespace": land.place}
    await land.create("AuthlyScope", resource, land.place, {"serverRef": reference, **spec})
    return await land.tell("AuthlyScope", resource)


async def edit(land: Landscape, resource: str, /, **spec: Any) -> Object:
    await land.api.merge("AuthlyScope", land.place, resource, {"spec": spec})
    return await land.tell("AuthlyScope", resource)


async def granted(land: Landscape, **form: str) -> Object:
    data = await land.data("shop-oauth")
    return land.token(data["client_id"], data["client_secret"], **form)[1]


async def test_a_scope_is_given_by_default_only_while_it_says_so(land: Landscape) -> None:
    name = f"{land.place}:orders"
    assert is_ready(await scope(land, "orders", name=name, isDefault=True))
    home = "https://shop.example/callback"
    people: dict[str, Any] = {
        "grantTypes": ["authorization_code"],
        "redirectUris": [home],
        "scopes": [name],
    }
    assert is_ready(await land.client("shop", **people))
    query = {
        "response_type": "code",
        "client_id": f"{land.place}.shop",
        "redirect_uri": home,
        "code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
        "code_challenge_method": "S256",
    }

    def refused() -> bool:
        answer = land.database.instance.http.get("/authorize", params=query)
        return "error=invalid_scope" in answer.headers.get("Location", "")

    assert not refused()
    await edit(land, "orders", isDefault=False)
    assert refused(), "it asks for nothing, and there is nothing to give"


async def test_a_scope_waits_for_its_last_client_and_counts_them(land: Landscape) -> None:
    name = f"{land.place}:orders"
    await scope(land, "orders", name=name)
    await land.client("shop", scopes=[name])
    await land.client("web", scopes=[name])
    assert (await land.tell("AuthlyScope", "orders"))["status"]["inUseBy"] == 2
    held = await land.delete("AuthlyScope", "orders")
    status, reason, message = condition(held, "Ready")
    assert (status, reason) == ("False", "InUse")
    assert "2 client(s) of the server may ask for it" in message
    assert (await granted(land, scope=name))["scope"] == name, "nobody lost it meanwhile"
    await land.edit("shop", scopes=[])
    await land.delete("AuthlyClient", "web")
    assert await land.tell("AuthlyScope", "orders") == {}
    assert (await granted(land, scope=name))["error"] == "invalid_scope"


async def test_a_client_waits_for_its_scope_and_goes_on_by_itself(land: Landscape) -> None:
    name = f"{land.place}:orders"
    waiting = await land.client("shop", scopes=[name])
    assert condition(waiting, "ScopesResolved")[:2] == ("False", "UnknownScopes")
    assert await land.data("shop-oauth") == {}
    await scope(land, "orders", name=name)
    assert [key.name for key in land.woken if key.kind == "AuthlyClient"] == ["shop"]
    assert is_ready(await land.tell("AuthlyClient", "shop"))


async def test_a_scope_that_the_server_brings_is_managed_and_given_back(land: Landscape) -> None:
    before = land.database.fetch(SEEDED)
    made = await scope(land, "profile", name="profile", description="Who you are", isDefault=False)
    assert is_ready(made), made["status"]
    assert land.database.fetch(SEEDED) == "Who you are false"
    assert await land.delete("AuthlyScope", "profile") == {}
    assert land.database.fetch(SEEDED) == before


async def test_two_resources_of_one_scope_do_not_share_it(land: Landscape) -> None:
    name = f"{land.place}:orders"
    await scope(land, "orders", name=name, description="The first")
    second = await scope(land, "again", name=name, description="The second")
    assert condition(second, "Ready")[:2] == ("False", "Conflict")
    assert await land.delete("AuthlyScope", "again") == {}
    row = "SELECT description FROM authly.scopes WHERE name = %s"
    assert land.database.fetch(row, name) == "The first"


async def test_a_scope_is_counted_again_soon_after_a_client_has_got_or_lost_it(
    land: Landscape,
) -> None:
    for name in ("orders", "stock"):
        await scope(land, name, name=f"{land.place}.{name}")
    key = Key("AuthlyScope", land.place, "orders")
    steps: list[Callable[[], Awaitable[Object]]] = [
        lambda: land.client("shop", scopes=[f"{land.place}.orders"]),
        lambda: land.edit("shop", scopes=[]),
        lambda: land.edit("shop", scopes=[f"{land.place}.orders"]),
        lambda: land.delete("AuthlyClient", "shop"),
    ]
    for number, step in enumerate(steps):
        land.later.clear()
        await step()
        assert land.later == [key], number
        told = await land.tell("AuthlyScope", "orders")
        assert told["status"]["inUseBy"] == (number + 1) % 2


async def test_a_client_that_keeps_its_scopes_makes_nobody_count(land: Landscape) -> None:
    await scope(land, "orders", name=f"{land.place}.orders")
    await land.client("shop", scopes=[f"{land.place}.orders"])
    land.later.clear()
    await land.edit("shop", displayName="Shop")
    await land.tell("AuthlyClient", "shop")
    assert land.later == []
