"""/account of an issuer with a path: everything leads below that path, and nowhere else."""

import re

import pytest
from tests.server.http import own_account

from throwaway.browser import has_form
from throwaway.instance import Instance


@pytest.fixture(scope="module")
def settings() -> dict[str, str]:
    return {"CACHE_TTL": "0", "ISSUER": "https://auth.example/tenant/a"}


def test_a_person_gets_around_below_the_path_of_the_issuer(instance: Instance) -> None:
    email, browser = own_account.add_person(instance), instance.browser()
    assert browser.client.get("/account").status_code == 404
    page = browser.sign_in(browser.client.get("/tenant/a/account"), email)
    other = instance.browser()
    other.sign_in(other.client.get("/tenant/a/account"), email)
    page = browser.press(browser.client.get(page.url.path), "end-session-2")
    assert own_account.said(page) == "That browser is signed out."
    password = browser.client.get("/tenant/a/account/password")
    for shown in (page, password):
        led_to = re.findall(r'(?:href|action)="([^"]+)"', shown.text)
        assert led_to
        assert all(path.startswith("/tenant/a/") for path in led_to)
    over = other.follow(other.client.get("/tenant/a/account/password"))
    assert has_form(over, "login-form")
    assert other.sign_in(over, email).url.path == "/tenant/a/account/password"
