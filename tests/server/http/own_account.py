"""The page of one's own account, in the words of tests."""

from typing import Any
from uuid import uuid4

import httpx
from lxml import html
from tests.server.http import peopling

from throwaway import registration
from throwaway.browser import Browser, has_form, told
from throwaway.instance import Instance
from throwaway.registration import RegisteredClient


def add_person(instance: Instance, **spec: str) -> str:
    """Somebody whom no other test is about, by address."""
    email = f"{uuid4().hex}@example.org"
    registration.add_user(instance.database_url, email, **spec)
    return email


def visit(browser: Browser, email: str, **spec: str) -> httpx.Response:
    """The page, signed in to where that is asked for."""
    page = browser.client.get("/account")
    return browser.sign_in(page, email, **spec) if has_form(page, "login-form") else page


def fields(page: httpx.Response, form_id: str) -> dict[str, str]:
    """What a form of the page sends whichever button is pressed."""
    (form,) = html.fromstring(page.text).cssselect(f"form#{form_id}")
    hidden = form.cssselect("input[type=hidden]")
    return {each.get("name", ""): each.get("value", "") for each in hidden}


def rows(page: httpx.Response, list_id: str) -> list[html.HtmlElement]:
    """The items of a list of the page."""
    return list(html.fromstring(page.text).cssselect(f"ul#{list_id} > li"))


def buttons(page: httpx.Response, name: str) -> list[str]:
    """The values of all buttons of that name."""
    found = html.fromstring(page.text).cssselect(f"button[name={name}]")
    return [each.get("value", "") for each in found]


def let_in(
    instance: Instance, browser: Browser, client: RegisteredClient, email: str, **asked: str
) -> Any:
    """Sign in and consent where that is asked for; the tokens that the client gets."""
    page = browser.authorize(client, **asked)
    if has_form(page, "login-form"):
        page = browser.sign_in(page, email)
    if has_form(page, "consent-form"):
        page = browser.submit(page, decision="allow")
    return instance.exchange(told(page)["code"], client).raise_for_status().json()


def said(page: httpx.Response) -> str:
    """What the page says was done; nothing where it says nothing."""
    return "".join(each.text or "" for each in html.fromstring(page.text).cssselect("#said"))


def post_at_once(browser: Browser, path: str, form: dict[str, str], times: int = 8) -> list[int]:
    """Send a form several times at once; the statuses of the answers."""
    return peopling.at_once([lambda: browser.client.post(path, data=form)] * times)
