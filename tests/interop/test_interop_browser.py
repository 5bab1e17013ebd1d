"""People sign in with a real browser: the keyboard, several tabs, no script."""

from pathlib import Path
from urllib.parse import urlsplit

from tests.interop import callback
from tests.interop.conftest import Ask, Register
from tests.interop.steps import allow, arrive, sign_in
from tests.interop.tab import SHIFT, Tab

from throwaway import registration, server as throwaway_server


ARTIFACTS = Path(__file__).parents[2] / "artifacts" / "interop"


def test_a_person_signs_in_and_consents_with_the_keyboard_alone(
    tab: Tab, ask: Ask, register: Register, home: callback.Home, server: throwaway_server.Server
) -> None:
    photos = register("photos")
    tab.go(ask(photos))
    tab.wait_for_focus("username")
    tab.screenshot(ARTIFACTS / "sign-in.png")
    tab.type(registration.EMAIL)
    tab.press("Tab")
    assert tab.focused == "password"
    tab.type(registration.PASSWORD)
    tab.press("Tab")
    assert tab.focused == "sign-in"
    tab.press("Enter")
    tab.wait_for("consent-form")
    assert "Photos" in tab.text
    assert "See your email address" in tab.text
    assert registration.EMAIL in tab.text
    tab.tab_to("allow")
    tab.screenshot(ARTIFACTS / "consent.png")
    tab.press("Space")
    arrived = arrive(tab, home, photos)
    assert arrived.method == "GET"
    assert arrived.parameters.keys() == {"code", "state", "iss"}
    assert arrived.parameters["state"] == f"state of {photos.client_id}"
    assert arrived.parameters["iss"] == server.issuer
    assert arrived.referrer is None


def test_a_person_can_go_back_by_keyboard_and_deny(
    tab: Tab, ask: Ask, register: Register, home: callback.Home, server: throwaway_server.Server
) -> None:
    photos = register("photos")
    tab.go(ask(photos))
    sign_in(tab)
    tab.wait_for("consent-form")
    tab.tab_to("deny")
    tab.press("Tab", SHIFT)
    assert tab.focused == "allow"
    tab.tab_to("deny")
    tab.press("Enter")
    told = arrive(tab, home, photos).parameters
    assert told["error"] == "access_denied"
    assert (told["state"], told["iss"]) == (f"state of {photos.client_id}", server.issuer)
    assert "code" not in told


def test_a_wrong_password_is_said_clearly_and_kept_nowhere(
    tab: Tab, ask: Ask, register: Register, home: callback.Home
) -> None:
    photos = register("photos")
    tab.go(ask(photos))
    sign_in(tab, "not my secret passphrase")
    tab.wait_for("login-error")
    tab.screenshot(ARTIFACTS / "wrong-password.png")
    assert "password is wrong" in tab.text
    assert tab.title.startswith("Error: ")
    assert "not my secret passphrase" not in tab.source
    assert "not my secret passphrase" not in tab.url
    assert (tab.value("username"), tab.value("password")) == (registration.EMAIL, "")
    tab.wait_for_focus("password")
    assert tab.described_by("password") == "login-error"
    tab.type(registration.PASSWORD)
    tab.press("Enter")
    allow(tab)
    assert "code" in arrive(tab, home, photos).parameters


def test_two_tabs_for_two_clients_both_finish(
    tab: Tab, ask: Ask, register: Register, home: callback.Home
) -> None:
    photos, calendar = register("photos"), register("calendar")
    other = tab.beside()
    tab.go(ask(photos))
    other.go(ask(calendar))
    for each in (tab, other):
        sign_in(each)
        each.wait_for("consent-form")
    for each in (tab, other):
        allow(each)
    for each, application in ((tab, photos), (other, calendar)):
        arrived = arrive(each, home, application)
        assert arrived.parameters["state"] == f"state of {application.client_id}"
        assert "code" in arrived.parameters


def test_who_signed_in_in_another_tab_is_not_asked_again(
    tab: Tab, ask: Ask, register: Register, home: callback.Home
) -> None:
    photos, calendar = register("photos"), register("calendar")
    other = tab.beside()
    tab.go(ask(photos))
    sign_in(tab)
    tab.wait_for("consent-form")
    other.go(ask(calendar))
    allow(other)
    allow(tab)
    assert "code" in arrive(tab, home, photos).parameters
    assert "code" in arrive(other, home, calendar).parameters


def test_nobody_consents_for_another_person(
    tab: Tab, ask: Ask, register: Register, home: callback.Home, interop_database: str
) -> None:
    registration.add_user(interop_database, "grace@example.org")
    photos, calendar = register("photos"), register("calendar")
    tab.go(ask(photos))
    sign_in(tab)
    tab.wait_for("consent-form")
    other = tab.beside()
    other.go(ask(calendar))
    other.tab_to("switch-account")
    other.press("Enter")
    sign_in(other, email="grace@example.org")
    other.wait_for("consent-form")
    assert "grace@example.org" in other.text
    allow(tab)
    tab.wait_for("error-title")
    assert "out of date" in tab.text
    assert home.at(photos.client_id) == []


def test_only_the_session_and_the_device_stay_in_the_browser(
    tab: Tab, ask: Ask, register: Register, home: callback.Home
) -> None:
    photos = register("photos")
    tab.go(ask(photos))
    assert {cookie["name"][:18] for cookie in tab.cookies()} == {"__Host-authly_txn_"}
    sign_in(tab)
    allow(tab)
    arrive(tab, home, photos)
    kept = {cookie["name"]: cookie for cookie in tab.cookies()}
    assert set(kept) == {"__Host-authly_session", "__Host-authly_device"}
    flags = {(one["secure"], one["httpOnly"], one["sameSite"]) for one in kept.values()}
    assert flags == {(True, True, "Lax")}


def test_the_browser_has_nothing_to_complain_of(
    tab: Tab, ask: Ask, register: Register, home: callback.Home
) -> None:
    photos = register("photos")
    tab.call("Log.enable")
    tab.go(ask(photos, response_mode="form_post"))
    sign_in(tab)
    allow(tab)
    arrive(tab, home, photos)
    assert tab.complaints() == []


def test_consent_is_asked_for_once(
    tab: Tab, ask: Ask, register: Register, home: callback.Home
) -> None:
    photos = register("photos")
    tab.go(ask(photos))
    sign_in(tab)
    allow(tab)
    first = arrive(tab, home, photos).parameters["code"]
    tab.go(ask(photos))
    assert arrive(tab, home, photos).parameters["code"] != first


def test_a_client_can_have_the_password_asked_for_again(
    tab: Tab, ask: Ask, register: Register, home: callback.Home
) -> None:
    photos = register("photos")
    tab.go(ask(photos))
    sign_in(tab)
    allow(tab)
    arrive(tab, home, photos)
    tab.go(ask(photos, prompt="login"))
    sign_in(tab)
    arrive(tab, home, photos)
    assert len(home.at(photos.client_id)) == 2


def test_going_back_after_the_end_answers_nothing_twice(
    tab: Tab, ask: Ask, register: Register, home: callback.Home
) -> None:
    photos = register("photos")
    tab.go(ask(photos))
    sign_in(tab)
    allow(tab)
    arrive(tab, home, photos)
    tab.go_back_to("/consent")
    tab.screenshot(ARTIFACTS / "after-going-back.png")
    # Chromium shows the page as it was, or asks for it again.
    if tab.evaluate("!!document.getElementById('allow')"):
        tab.tab_to("allow")
        tab.press("Enter")
    tab.wait_for("error-title")
    assert len(home.at(photos.client_id)) == 1


def test_everything_works_without_script(
    tab: Tab, ask: Ask, register: Register, home: callback.Home
) -> None:
    photos = register("photos")
    tab.call("Emulation.setScriptExecutionDisabled", value=True)
    tab.go(ask(photos, response_mode="form_post"))
    sign_in(tab)
    allow(tab)
    tab.wait_for("continue")
    tab.screenshot(ARTIFACTS / "form-post-without-script.png")
    assert home.at(photos.client_id) == []
    tab.tab_to("continue")
    tab.press("Enter")
    arrived = arrive(tab, home, photos)
    assert arrived.method == "POST"
    assert arrived.parameters.keys() == {"code", "state", "iss"}


def test_form_post_sends_itself_where_scripts_run(
    tab: Tab, ask: Ask, register: Register, home: callback.Home, server: throwaway_server.Server
) -> None:
    photos = register("photos")
    tab.go(ask(photos, response_mode="form_post"))
    sign_in(tab)
    allow(tab)
    arrived = arrive(tab, home, photos)
    assert arrived.method == "POST"
    assert arrived.parameters["state"] == f"state of {photos.client_id}"
    assert arrived.parameters["iss"] == server.issuer
    assert urlsplit(tab.url).query == ""


def test_a_client_that_nobody_registered_is_an_error_that_stays_here(
    tab: Tab, ask: Ask, register: Register, home: callback.Home
) -> None:
    photos = register("photos")
    tab.go(ask(photos, client_id="nobody"))
    assert "client is unknown" in tab.text
    tab.screenshot(ARTIFACTS / "unknown-client.png")
    assert home.at(photos.client_id) == []
