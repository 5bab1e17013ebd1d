"""Devices that wait for a person, in the words of tests (RFC 8628)."""

from typing import Any

import httpx

from throwaway.browser import Browser, has_form
from throwaway.instance import Instance
from throwaway.registration import RegisteredClient


GRANT = "urn:ietf:params:oauth:grant-type:device_code"
WAIT = "UPDATE authly.device_authorizations SET polled_at = polled_at - interval '1 minute'"


def register(instance: Instance, client_id: str = "tv", **spec: Any) -> RegisteredClient:
    """A public client that is a device and has no redirect URI."""
    wanted = {"grant_types": [GRANT, "refresh_token"], "redirect_uris": []}
    return instance.apply_client(client_id, **{"auth_method": "none"} | wanted | spec)


def begin(instance: Instance, tv: RegisteredClient, **form: str) -> dict[str, Any]:
    answer = instance.post("/device_authorization", tv, **{"scope": "read"} | form)
    told: dict[str, Any] = answer.raise_for_status().json()
    return told


def poll(instance: Instance, tv: RegisteredClient, device_code: str) -> httpx.Response:
    return instance.post("/token", tv, grant_type=GRANT, device_code=device_code)


def visit(browser: Browser, user_code: str | None = None) -> httpx.Response:
    """Open the page and sign in where that is asked for: up to where a code is typed."""
    page = browser.client.get("/device", params={"user_code": user_code} if user_code else {})
    return browser.sign_in(page) if has_form(page, "login-form") else page


def decide(browser: Browser, user_code: str, decision: str) -> httpx.Response:
    """The whole way of a person."""
    question = browser.submit(visit(browser), user_code=user_code)
    return browser.submit(question, decision=decision)
