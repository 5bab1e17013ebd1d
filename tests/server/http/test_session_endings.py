"""T20: what the end of a session ends, and what outlives it; Back-Channel Logout section 2.7."""

from typing import Any

import pytest

from throwaway import openid, registration
from throwaway.browser import Browser
from throwaway.instance import Instance
from throwaway.registration import RegisteredClient


EVE = "eve@example.org"


@pytest.fixture(scope="module")
def shop(instance: Instance) -> RegisteredClient:
    registration.add_user(instance.database_url, EVE)
    return openid.apply_client(instance, "openid-shop")


def grants_of(instance: Instance, shop: RegisteredClient, browser: Browser) -> dict[str, Any]:
    """Tokens of one session: for OpenID Connect, for when nobody is there, and without openid."""
    asked = {
        "online": {"scope": "openid read"},
        "offline": {"scope": "openid offline_access", "prompt": "consent"},
        "plain": {"scope": "read"},
    }
    issued = {}
    for name, parameters in asked.items():
        code = browser.allow(shop, **parameters)["code"]
        issued[name] = instance.exchange(code, shop).json()
    return issued


def test_the_end_of_a_session_ends_what_was_granted_in_it_but_offline_access(
    instance: Instance, shop: RegisteredClient
) -> None:
    """T20; Back-Channel Logout section 2.7."""
    browser, id_token = openid.sign_in(instance, shop)
    issued = grants_of(instance, shop, browser)
    other, _ = openid.sign_in(instance, shop)
    elsewhere = instance.exchange(other.allow(shop, scope="openid")["code"], shop).json()
    code = browser.allow(shop, scope="openid")["code"]
    browser.client.get("/logout", params={"id_token_hint": id_token})
    live = {name: instance.is_active(each["access_token"], shop) for name, each in issued.items()}
    assert live == {"online": False, "offline": True, "plain": True}
    refreshed = {
        name: instance.refresh(each["refresh_token"], shop).status_code
        for name, each in issued.items()
    }
    assert refreshed == {"online": 400, "offline": 200, "plain": 200}
    assert instance.is_active(elsewhere["access_token"], shop)
    assert instance.exchange(code, shop).status_code == 400
    ended = "SELECT count(*) FROM authly.audit_log WHERE event = 'session_ended'"
    assert instance.fetch(ended) > 0


def test_somebody_else_signing_in_ends_the_session_of_before(
    instance: Instance, shop: RegisteredClient
) -> None:
    browser, _ = openid.sign_in(instance, shop)
    issued = grants_of(instance, shop, browser)
    browser.sign_in(browser.authorize(shop, scope="openid", prompt="login"), EVE)
    assert not instance.is_active(issued["online"]["access_token"], shop)
    assert instance.is_active(issued["offline"]["access_token"], shop)
