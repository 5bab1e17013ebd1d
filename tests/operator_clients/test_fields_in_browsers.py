"""Fields of an AuthlyClient, set, edited and removed, by what people then see and where they go."""

from typing import Any

import httpx
import pytest
from lxml import html
from tests.operator_clients.landscape import Landscape, is_ready
from tests.operator_clients.people import HOME, newcomer, registered
from tests.operator_clients.test_client_fields import PEOPLE

from throwaway import openid
from throwaway.browser import told


pytestmark = pytest.mark.control_plane
OTHER = "https://shop.example/other"
BYE, LATER = "https://shop.example/bye", "https://shop.example/later"


async def consent(land: Landscape) -> httpx.Response:
    """The page on which somebody is asked whether the client may have access."""
    browser, shop = newcomer(land), await registered(land)
    return browser.sign_in(browser.authorize(shop))


def shown(page: httpx.Response, selector: str) -> list[Any]:
    return list(html.fromstring(page.text).cssselect(selector))


async def test_people_are_sent_back_only_to_what_the_client_lists(land: Landscape) -> None:
    await land.client("shop", **PEOPLE)

    async def arrives(uri: str) -> bool:
        answer = newcomer(land).authorize(await registered(land, uri=uri), prompt="none")
        return str(answer.headers.get("Location", "")).startswith(f"{uri}?")

    assert [await arrives(uri) for uri in (HOME, OTHER)] == [True, False]
    assert is_ready(await land.edit("shop", redirectUris=[HOME, OTHER]))
    assert [await arrives(uri) for uri in (HOME, OTHER)] == [True, True]
    assert is_ready(await land.edit("shop", redirectUris=[OTHER]))
    assert [await arrives(uri) for uri in (HOME, OTHER)] == [False, True]


async def test_pkce_is_demanded_unless_the_client_says_otherwise(land: Landscape) -> None:
    await land.client("shop", **PEOPLE, requirePkce=False)

    async def error() -> str:
        shop, without = await registered(land), {"code_challenge": None}
        answer = newcomer(land).authorize(
            shop, prompt="none", **without, code_challenge_method=None
        )
        return told(answer)["error"]

    assert await error() == "login_required"
    assert is_ready(await land.edit("shop", requirePkce=True))
    assert await error() == "invalid_request"
    await land.edit("shop", requirePkce=False)
    assert await error() == "login_required"
    await land.edit("shop", requirePkce=None)
    assert await error() == "invalid_request"


async def test_the_consent_page_has_the_clients_name(land: Landscape) -> None:
    await land.client("shop", **PEOPLE, displayName="The shop")

    async def name() -> str:
        (found,) = shown(await consent(land), "#client-name")
        return str(found.text)

    assert await name() == "The shop"
    await land.edit("shop", displayName="The store")
    assert await name() == "The store"
    await land.edit("shop", displayName=None)
    assert await name() == "shop"


async def test_the_consent_page_leads_to_the_clients_pages(land: Landscape) -> None:
    fields = {"clientUri": "client-uri", "tosUri": "tos-uri", "policyUri": "policy-uri"}
    pages = {field: f"https://shop.example/{field}" for field in fields}
    await land.client("shop", **PEOPLE, metadata=pages)

    async def links() -> dict[str, str]:
        page = await consent(land)
        found = {field: shown(page, f"#{name}") for field, name in fields.items()}
        return {field: each[0].get("href") for field, each in found.items() if each}

    assert await links() == pages
    edited = pages | {"tosUri": "https://shop.example/new-terms"}
    await land.edit("shop", metadata=edited)
    assert await links() == edited
    await land.edit("shop", metadata=None)
    assert await links() == {}


async def test_the_consent_page_tells_who_is_responsible_for_the_client(land: Landscape) -> None:
    await land.client("shop", **PEOPLE, metadata={"contacts": ["shop@shop.example"]})

    async def contacts() -> list[str]:
        return [str(one.text) for one in shown(await consent(land), "#contacts")]

    assert await contacts() == ["shop@shop.example"]
    await land.edit("shop", metadata={"contacts": ["<b>store</b>@shop.example", "b@shop.example"]})
    assert await contacts() == ["<b>store</b>@shop.example, b@shop.example"]
    await land.edit("shop", metadata=None)
    assert await contacts() == []


async def test_who_signs_out_is_sent_where_the_client_says(land: Landscape) -> None:
    people = PEOPLE | {"scopes": ["openid", "read"]}
    await land.client("shop", **people, postLogoutRedirectUris=[BYE])

    async def destination(uri: str) -> str | None:
        shop = await registered(land)
        browser, id_token = openid.sign_in(land.database.instance, shop)
        leaving = {"id_token_hint": id_token, "post_logout_redirect_uri": uri}
        answer = browser.follow(browser.client.get("/logout", params=leaving))
        left: str | None = answer.headers.get("Location")
        return left

    assert [await destination(uri) for uri in (BYE, LATER)] == [BYE, None]
    await land.edit("shop", postLogoutRedirectUris=[LATER])
    assert [await destination(uri) for uri in (BYE, LATER)] == [None, LATER]
    await land.edit("shop", postLogoutRedirectUris=None)
    assert [await destination(uri) for uri in (BYE, LATER)] == [None, None]
