"""A person looks after their own account with a real browser: by keyboard and without script."""

import contextlib
from collections.abc import Iterator
from uuid import uuid4

import pytest
from tests.interop.conftest import Application, Ask, Register
from tests.interop.steps import allow, sign_in
from tests.interop.tab import Tab

from throwaway import registration, server as throwaway_server
from throwaway.browser import Browser, has_form


NEW = "four words in a row"


@pytest.fixture
def person(interop_database: str) -> str:
    """Somebody whom no other test is about, by address."""
    email = f"{uuid4().hex}@example.org"
    registration.add_user(interop_database, email)
    return email


@pytest.fixture
def elsewhere(server: throwaway_server.Server, person: str) -> Iterator[Browser]:
    """Another browser, in which the person is signed in."""
    with contextlib.closing(Browser(server.base_url)) as browser:
        browser.sign_in(browser.client.get("/account"), person)
        yield browser


def visit(tab: Tab, server: throwaway_server.Server, person: str) -> None:
    """Without script, and with an eye on what the browser has to complain of."""
    tab.call("Log.enable")
    tab.call("Emulation.setScriptExecutionDisabled", value=True)
    tab.go(f"{server.issuer}/account")
    sign_in(tab, email=person)
    tab.wait_for("sessions-form")


def press(tab: Tab, element_id: str) -> None:
    """By the keyboard; and see what the page says was done."""
    tab.tab_to(element_id)
    tab.press("Enter")
    tab.wait(f"document.readyState === 'complete' && !document.getElementById('{element_id}')")
    tab.wait_for("said")


def is_signed_in(browser: Browser) -> bool:
    return not has_form(browser.client.get("/account"), "login-form")


def test_a_person_signs_out_another_browser_and_stays_signed_in_here(
    tab: Tab, server: throwaway_server.Server, person: str, elsewhere: Browser
) -> None:
    visit(tab, server, person)
    assert "Another browser" in tab.text
    press(tab, "end-session-2")
    assert "That browser is signed out." in tab.text
    assert "Another browser" not in tab.text
    assert not is_signed_in(elsewhere)
    tab.go(f"{server.issuer}/account")
    tab.wait_for("sessions-form")
    assert tab.complaints() == []


@pytest.fixture
def photos(register: Register) -> Application:
    """What the person lets in."""
    return register("photos")


def test_a_person_withdraws_access_and_is_asked_again(
    tab: Tab, ask: Ask, photos: Application, server: throwaway_server.Server, person: str
) -> None:
    visit(tab, server, person)
    tab.go(ask(photos))
    allow(tab)
    tab.wait_for("arrived")
    tab.go(f"{server.issuer}/account")
    tab.wait_for("applications-form")
    assert "Photos" in tab.text
    assert "See your email address" in tab.text
    press(tab, "withdraw-1")
    assert "No application has access" in tab.text
    tab.go(ask(photos))
    tab.wait_for("consent-form")
    assert tab.complaints() == []


def test_a_person_changes_the_password_and_only_this_browser_stays_signed_in(
    tab: Tab, server: throwaway_server.Server, person: str, elsewhere: Browser
) -> None:
    visit(tab, server, person)
    before = {each["name"]: each["value"] for each in tab.cookies()}
    tab.tab_to("change-password")
    tab.press("Enter")
    tab.wait_for_focus("present")
    for name, text in (("present", registration.PASSWORD), ("password", NEW), ("again", NEW)):
        tab.tab_to(name)
        tab.type(text)
    press(tab, "change")
    assert "Your password is changed." in tab.text
    after = {each["name"]: each["value"] for each in tab.cookies()}
    assert set(after) == set(before)
    assert after["__Host-authly_session"] != before["__Host-authly_session"]
    assert not is_signed_in(elsewhere)
    page = elsewhere.sign_in(elsewhere.client.get("/account"), person, NEW)
    assert not has_form(page, "login-form")
    assert tab.complaints() == []


def test_going_back_after_a_change_shows_no_form_that_still_works(
    tab: Tab, server: throwaway_server.Server, person: str
) -> None:
    visit(tab, server, person)
    tab.tab_to("change-password")
    tab.press("Enter")
    tab.wait_for("own-password-form")
    for name, text in (("present", registration.PASSWORD), ("password", NEW), ("again", NEW)):
        tab.tab_to(name)
        tab.type(text)
    press(tab, "change")
    tab.go_back_to("/account/password")
    tab.wait_for("own-password-form")
    assert tab.evaluate("document.getElementById('present').value") == ""
