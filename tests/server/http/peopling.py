"""People whom administrators make for a test, and what is asked about them at the same time."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import httpx
from tests.server.http.administering import Desk

from throwaway.browser import has_form


PASSWORD = "four words in a row"  # of people who are dropped again
Ask = Callable[[], httpx.Response]


def make(desk: Desk, **members: Any) -> dict[str, Any]:
    """Somebody whom no other test is about."""
    wanted = {"email": f"{uuid4().hex}@example.org", "password": PASSWORD, **members}
    made: dict[str, Any] = desk.ask("POST", "/users", json=wanted).raise_for_status().json()
    return made


def recorded(desk: Desk, event: str, user_id: str) -> Any:
    """The detail of the last event of that name about somebody."""
    return desk.instance.fetch(
        "SELECT detail FROM authly.audit_log WHERE event = %s AND user_id = %s"
        " ORDER BY id DESC LIMIT 1",
        event,
        user_id,
    )


def signs_in(desk: Desk, name: str, password: str = PASSWORD) -> bool:
    """Whether somebody gets past the sign-in page, in a new browser."""
    browser = desk.instance.browser()
    page = browser.sign_in(browser.authorize(desk.instance.shop), name, password)
    return not has_form(page, "login-form")


def asking(
    desk: Desk, method: str, path: str, members: object, *, etag: str = "", token: str = ""
) -> Ask:
    """A request by a connection of its own."""
    headers = {"Authorization": f"Bearer {token or desk.token}"}
    headers |= {"If-Match": etag} if etag else {}
    url = f"{desk.instance.server.admin_url}/admin/v1{path}"
    return lambda: httpx.request(method, url, json=members, headers=headers, timeout=60)


def at_once(calls: Sequence[Ask]) -> list[int]:
    """The statuses of what is asked at the same time, in order."""
    with ThreadPoolExecutor(len(calls)) as threads:
        return sorted(threads.map(lambda call: call().status_code, calls))
