"""Administrators change people who are in the middle of something: nothing fails, and it ends."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import psycopg
import pytest
from tests.server.http import administering, peopling
from tests.server.http.administering import Desk

from throwaway.browser import has_form, told


REFUSED = frozenset({200, 201, 204, 303, 400, 401, 404, 409, 412})


@pytest.fixture(scope="module")
def settings() -> dict[str, str]:
    return administering.SETTINGS


class Busy:
    """Somebody who signs in, gets tokens and refreshes them until told to stop."""

    def __init__(self, desk: Desk, email: str) -> None:
        self.desk, self.email = desk, email
        self.statuses: set[int] = set()
        self.tokens: list[dict[str, Any]] = []

    def go_on(self, stop: threading.Event) -> None:
        with httpx.Client(base_url=self.desk.instance.server.base_url, timeout=60) as http:
            while not stop.is_set():
                self._once(http)

    def _once(self, http: httpx.Client) -> None:
        shop, browser = self.desk.instance.shop, self.desk.instance.browser()
        page = browser.sign_in(browser.authorize(shop), self.email, peopling.PASSWORD)
        self.statuses.add(page.status_code)
        if has_form(page, "consent-form"):
            page = browser.submit(page, decision="allow")
            self.statuses.add(page.status_code)
        if page.status_code != 303 or "code" not in told(page):
            return
        exchanged = self.desk.instance.exchange(told(page)["code"])
        self.statuses.add(exchanged.status_code)
        while exchanged.status_code == 200:
            self.tokens.append(exchanged.json())
            form = {
                "grant_type": "refresh_token",
                "refresh_token": self.tokens[-1]["refresh_token"],
            }
            exchanged = http.post("/token", auth=shop.basic, data=form)
            self.statuses.add(exchanged.status_code)
            if len(self.tokens) % 5 == 0:
                return


def test_people_who_are_changed_while_they_sign_in_and_refresh_meet_no_failure(desk: Desk) -> None:
    people = [peopling.make(desk) for _ in range(3)]
    busy = [Busy(desk, each["email"]) for each in people]
    stop = threading.Event()
    changed: set[int] = set()
    with ThreadPoolExecutor(len(busy)) as threads:
        running = [threads.submit(each.go_on, stop) for each in busy]
        try:
            for turn in range(6):
                changed |= {act(f"/users/{p['id']}") for p in people for act in _acts(desk, turn)}
            changed |= {desk.ask("DELETE", f"/users/{p['id']}").status_code for p in people}
        finally:
            stop.set()
        for each in running:
            each.result()
    assert changed <= REFUSED
    assert {status for one in busy for status in one.statuses} <= REFUSED
    assert any(one.tokens for one in busy)
    for one in busy:
        for tokens in one.tokens[-3:]:
            assert not desk.instance.is_active(tokens["access_token"])
            assert desk.instance.refresh(tokens["refresh_token"]).status_code == 400
    assert "Traceback" not in desk.instance.server.log.read_text()


def test_whoever_is_deleted_between_the_password_and_the_session_is_told_and_nothing_fails(
    desk: Desk,
) -> None:
    person = peopling.make(desk)
    browser = desk.instance.browser()
    page = browser.authorize(desk.instance.shop)
    with (
        ThreadPoolExecutor(1) as threads,
        psycopg.connect(desk.instance.database_url) as deleting,
    ):
        deleting.execute("DELETE FROM authly.users WHERE id = %s", (person["id"],))
        answer = threads.submit(browser.sign_in, page, person["email"], peopling.PASSWORD)
        wait_until_held(desk)
        deleting.commit()
    assert answer.result().status_code == 400
    assert "deleted a moment ago" in answer.result().text
    assert "Traceback" not in desk.instance.server.log.read_text()


def test_a_password_that_is_replaced_while_it_is_looked_at_signs_nobody_in(desk: Desk) -> None:
    person = peopling.make(desk)
    browser = desk.instance.browser()
    page = browser.authorize(desk.instance.shop)
    with (
        ThreadPoolExecutor(1) as threads,
        psycopg.connect(desk.instance.database_url) as replacing,
    ):
        replaced = "UPDATE authly.users SET password_hash = 'another' WHERE id = %s"
        replacing.execute(replaced, (person["id"],))
        answer = threads.submit(browser.sign_in, page, person["email"], peopling.PASSWORD)
        wait_until_held(desk)
        replacing.commit()
    assert answer.result().status_code == 400
    assert has_form(browser.authorize(desk.instance.shop), "login-form")


def wait_until_held(desk: Desk) -> None:
    """Until a statement of the server waits for somebody else's."""
    waiting = (
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
        " AND cardinality(pg_blocking_pids(pid)) > 0"
    )
    deadline = time.monotonic() + 60
    while not desk.instance.fetch(waiting):
        assert time.monotonic() < deadline
        time.sleep(0.01)


def _acts(desk: Desk, turn: int) -> list[Callable[[str], int]]:
    """What is done to a person in a turn, which in the end has the same password and is enabled."""
    password = {"password": peopling.PASSWORD}
    return [
        lambda path: desk.change(path, {"enabled": False}).status_code,
        lambda path: desk.change(path, {"enabled": True, "is_verified": turn % 2 == 0}).status_code,
        lambda path: desk.ask("PUT", f"{path}/password", json=password).status_code,
        lambda path: desk.ask("DELETE", f"{path}/sessions").status_code,
        lambda path: desk.ask("DELETE", f"{path}/grants").status_code,
    ]
