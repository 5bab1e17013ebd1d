"""Fields of an AuthlyScope, set, edited and removed, by what people are then asked and told of."""

import pytest
from lxml import html
from tests.operator_clients.landscape import Landscape, is_ready
from tests.operator_clients.people import newcomer, registered
from tests.operator_clients.test_client_fields import PEOPLE
from tests.operator_clients.test_scopes import edit, granted, scope

from throwaway.browser import has_form, told


pytestmark = pytest.mark.control_plane


async def wished(land: Landscape, name: str, language: str = "") -> str:
    """What the consent page says of the scope in a browser of that language."""
    browser = newcomer(land)
    browser.client.headers["Accept-Language"] = language
    page = browser.sign_in(browser.authorize(await registered(land), scope=name, prompt="consent"))
    found = html.fromstring(page.text).cssselect("#scopes .wish")
    return " ".join(str(one.text) for one in found)


async def test_people_read_the_description_in_their_language(land: Landscape) -> None:
    name = f"{land.place}:orders"
    texts = {"de": "Aufträge"}
    await scope(land, "orders", name=name, description="Orders", descriptions=texts)
    await land.client("shop", **PEOPLE | {"scopes": [name]})
    assert [await wished(land, name, one) for one in ("", "de")] == ["Orders", "Aufträge"]
    edited = {"de": "Bestellungen", "fr": "Commandes"}
    assert is_ready(await edit(land, "orders", description="All orders", descriptions=edited))
    assert await wished(land, name) == "All orders"
    assert [await wished(land, name, one) for one in edited] == list(edited.values())
    removed = {"de": None, "fr": None}
    await edit(land, "orders", description=None, descriptions=removed)
    assert [await wished(land, name, one) for one in ("", "de")] == ["", ""]


async def test_userinfo_tells_the_claims_of_the_scope(land: Landscape) -> None:
    name, instance = f"{land.place}:contact", land.database.instance
    await scope(land, "contact", name=name, claims=["email"])
    await land.client("shop", **PEOPLE | {"scopes": [name]})

    async def claims() -> set[str]:
        shop = await registered(land)
        code = newcomer(land).allow(shop, scope=name)["code"]
        token = instance.exchange(code, shop).raise_for_status().json()["access_token"]
        answer = instance.userinfo(token)
        return set(answer.json()) - {"sub"} if answer.status_code == 200 else set()

    assert await claims() == {"email"}
    await edit(land, "contact", claims=["email", "preferred_username"])
    assert await claims() == {"email", "preferred_username"}
    await edit(land, "contact", claims=None)
    assert await claims() == set()


async def test_a_sensitive_scope_is_asked_for_each_time(land: Landscape) -> None:
    name = f"{land.place}:payments"
    await scope(land, "payments", name=name, sensitive=True)
    await land.client("shop", **PEOPLE | {"scopes": [name]})
    shop, browser = await registered(land), newcomer(land)
    browser.allow(shop, scope=name)
    assert has_form(browser.authorize(shop, scope=name), "consent-form")
    await edit(land, "payments", sensitive=False)
    assert "code" in told(browser.authorize(shop, scope=name))
    await edit(land, "payments", sensitive=True)
    assert has_form(browser.authorize(shop, scope=name), "consent-form")
    await edit(land, "payments", sensitive=None)
    assert "code" in told(browser.authorize(shop, scope=name))


@pytest.mark.parametrize("policy", ["Orphan", "Delete"])
async def test_a_scope_is_left_or_removed_as_its_policy_says(land: Landscape, policy: str) -> None:
    name = f"{land.place}:orders"
    await scope(land, "orders", name=name, deletionPolicy=policy)
    assert await land.delete("AuthlyScope", "orders") == {}
    made = await land.client("shop", scopes=[name])
    if policy == "Orphan":
        assert (await granted(land, scope=name))["scope"] == name
    else:
        assert not is_ready(made)
        assert await land.data("shop-oauth") == {}
