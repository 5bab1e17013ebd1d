"""/account: a person sees which applications they let in, and withdraws what these have."""

import time
from urllib.parse import parse_qs

import httpx
import pytest
from lxml import html
from tests.server.http import devices, own_account
from tests.server.http.own_account import buttons, let_in, rows, said, visit

from throwaway import openid, registration
from throwaway.browser import Browser, has_form, told
from throwaway.instance import Instance
from throwaway.publisher import Publisher


CONSENTS = (
    "SELECT count(*) FROM authly.consents JOIN authly.users ON users.id = consents.user_id"
    " WHERE users.email = %s"
)
WITHDRAWN = (
    "SELECT count(*) FROM authly.audit_log JOIN authly.users ON users.id = user_id"
    " WHERE event = 'access_withdrawn' AND client_id = 'shop' AND email = %s"
)
HOSTILE = '<img src=x onerror="alert(1)">&lt;b\u202e'


@pytest.fixture(scope="module")
def settings(reaching: dict[str, str]) -> dict[str, str]:
    return {
        "CACHE_TTL": "0",
        **reaching,
    }


@pytest.fixture
def person(instance: Instance) -> str:
    return own_account.add_person(instance)


@pytest.fixture
def browser(instance: Instance) -> Browser:
    return instance.browser()


def withdraw(browser: Browser, person: str, number: int = 1) -> httpx.Response:
    return browser.press(visit(browser, person), f"withdraw-{number}")


def named(page: httpx.Response) -> list[str]:
    """The applications that the page lists, by their names."""
    return [each.cssselect("strong")[0].text_content() for each in rows(page, "applications")]


def is_error(page: httpx.Response) -> bool:
    return page.status_code == 400 and 'id="error-title"' in page.text


def test_whoever_let_nothing_in_is_told_so(browser: Browser, person: str) -> None:
    page = visit(browser, person)
    assert html.fromstring(page.text).cssselect("#no-applications")
    assert not has_form(page, "applications-form")


def test_an_application_is_listed_with_what_it_may_do(
    instance: Instance, browser: Browser, person: str
) -> None:
    let_in(instance, browser, instance.shop, person, scope="read profile")
    (row,) = rows(visit(browser, person), "applications")
    assert row.cssselect("strong")[0].text_content() == "Shop"
    assert [each.text for each in row.cssselect("code")] == ["profile", "read"]
    assert "Access to user profile information" in row.text_content()
    assert len(row.cssselect("time")) == 2


def test_scopes_are_described_in_the_language_of_the_person(
    instance: Instance, browser: Browser, person: str
) -> None:
    texts = {"de": "Lies alles"}
    registration.apply_scope(
        instance.database_url, "audit", description="Read it all", descriptions=texts
    )
    client = instance.apply_client("auditor", scopes=["audit"])
    let_in(instance, browser, client, person, scope="audit")
    german = {"Accept-Language": "de-AT, en;q=0.5"}
    assert "Lies alles" in browser.client.get("/account", headers=german).text
    assert "Read it all" in browser.client.get("/account").text


def test_access_that_is_withdrawn_ends_at_once_and_has_to_be_asked_for_again(
    instance: Instance, browser: Browser, person: str
) -> None:
    other = instance.apply_client("other")
    kept = let_in(instance, browser, other, person)
    lost = let_in(instance, browser, instance.shop, person)
    code = told(browser.authorize(instance.shop))["code"]
    page = withdraw(browser, person)
    assert said(page) == "The application has no access any more."
    assert named(page) == ["Other"]
    assert not instance.is_active(lost["access_token"])
    assert instance.userinfo(lost["access_token"]).status_code == 401
    assert instance.refresh(lost["refresh_token"]).status_code == 400
    assert instance.exchange(code).status_code == 400
    assert has_form(browser.authorize(instance.shop), "consent-form")
    assert instance.is_active(kept["access_token"], other)
    assert instance.refresh(kept["refresh_token"], other).status_code == 200
    assert instance.fetch(WITHDRAWN, person) == 1


def test_an_application_that_is_let_in_again_has_access_again(
    instance: Instance, browser: Browser, person: str
) -> None:
    let_in(instance, browser, instance.shop, person)
    withdraw(browser, person)
    again = let_in(instance, browser, instance.shop, person)
    assert instance.is_active(again["access_token"])
    assert named(visit(browser, person)) == ["Shop"]


def test_what_other_people_let_in_stays(instance: Instance, browser: Browser, person: str) -> None:
    other, theirs = own_account.add_person(instance), instance.browser()
    kept = let_in(instance, theirs, instance.shop, other)
    (shop,) = buttons(visit(theirs, other), "application")
    mine = instance.apply_client("mine")
    let_in(instance, browser, mine, person)
    form = own_account.fields(visit(browser, person), "applications-form")
    answer = browser.client.post("/account/applications", data=form | {"application": shop})
    assert answer.status_code == 303
    grant = instance.fetch("SELECT id FROM authly.grants ORDER BY created_at LIMIT 1").hex
    browser.client.post("/account/applications", data=form | {"application": grant})
    assert instance.is_active(kept["access_token"])
    assert instance.fetch(CONSENTS, other) == 1
    assert instance.fetch(CONSENTS, person) == 1


def test_two_who_withdraw_at_once_are_both_right_and_it_is_recorded_once(
    instance: Instance, browser: Browser, person: str
) -> None:
    let_in(instance, browser, instance.shop, person)
    page = visit(browser, person)
    (shop,) = buttons(page, "application")
    sent = own_account.fields(page, "applications-form") | {"application": shop}
    answers = own_account.post_at_once(browser, "/account/applications", sent)
    assert answers == [303] * 8
    assert instance.fetch(CONSENTS, person) == 0
    assert instance.fetch(WITHDRAWN, person) == 1


def test_a_client_is_told_of_each_session_in_which_it_loses_access(
    instance: Instance, browser: Browser, person: str, host: Publisher
) -> None:
    heard = host.publish("/told", b"", status="200 OK")
    client = openid.apply_client(instance, "told", backchannel_logout_uri=heard)
    sessions = set()
    for each in (browser, instance.browser()):
        id_token = let_in(instance, each, client, person, scope="openid read")["id_token"]
        sessions.add(openid.read(instance, id_token, client)["sid"])
    withdraw(browser, person)
    deadline = time.monotonic() + 60
    while len(host.bodies) < 2:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    texts = [parse_qs(body.decode())["logout_token"][0] for body in host.bodies]
    assert {openid.read_jwt(instance, each, client)["sid"] for each in texts} == sessions
    assert not has_form(browser.client.get("/account"), "login-form")


def test_a_form_that_this_session_was_not_shown_withdraws_nothing(
    instance: Instance, browser: Browser, person: str
) -> None:
    issued = let_in(instance, browser, instance.shop, person)
    page, other = visit(browser, person), instance.browser()
    (shop,) = buttons(page, "application")
    tokens = own_account.fields(visit(other, person), "applications-form")["csrf"]
    for forged in ("", "0" * 64, tokens, own_account.fields(page, "sessions-form")["csrf"]):
        sent = {"csrf": forged, "application": shop}
        assert is_error(browser.client.post("/account/applications", data=sent))
    assert browser.client.get("/account/applications").status_code == 405
    assert instance.is_active(issued["access_token"])


@pytest.mark.parametrize("name", ["", "x", "shop", "' OR 1=1 --", "0" * 33])
def test_what_names_no_application_withdraws_nothing(
    instance: Instance, browser: Browser, person: str, name: str
) -> None:
    issued = let_in(instance, browser, instance.shop, person)
    form = own_account.fields(visit(browser, person), "applications-form")
    sent = form | {"application": name}
    assert is_error(browser.client.post("/account/applications", data=sent))
    assert instance.is_active(issued["access_token"])


def test_whose_session_is_over_withdraws_nothing_and_signs_in_again(
    instance: Instance, browser: Browser, person: str
) -> None:
    issued = let_in(instance, browser, instance.shop, person)
    page = visit(browser, person)
    instance.execute("UPDATE authly.sessions SET expires_at = now()")
    answer = browser.press(page, "withdraw-1")
    assert has_form(answer, "login-form")
    assert instance.is_active(issued["access_token"])


def test_the_name_of_a_client_is_text_and_turns_nothing_around(
    instance: Instance, browser: Browser, person: str
) -> None:
    client = instance.apply_client("hostile", display_name=HOSTILE)
    let_in(instance, browser, client, person)
    page = visit(browser, person)
    assert named(page) == [HOSTILE.replace("\u202e", "")]
    assert not html.fromstring(page.text).cssselect("img")
    assert "\u202e" not in page.text


def test_an_application_that_nobody_has_checked_is_said_to_be_one(
    instance: Instance, browser: Browser, person: str
) -> None:
    client = instance.apply_client("newcomer")
    instance.execute("UPDATE authly.clients SET origin = 'dynamic' WHERE client_id = 'newcomer'")
    let_in(instance, browser, client, person)
    (row,) = rows(visit(browser, person), "applications")
    assert "Nobody here has checked" in row.text_content()


def test_a_device_is_listed_though_nothing_is_remembered_for_it(
    instance: Instance, browser: Browser, person: str
) -> None:
    tv = devices.register(instance)
    begun = devices.begin(instance, tv)
    visit(browser, person)
    devices.decide(browser, begun["user_code"], "allow")
    issued = devices.poll(instance, tv, begun["device_code"]).json()
    assert instance.fetch(CONSENTS, person) == 0
    page = visit(browser, person)
    assert named(page) == ["Tv"]
    assert html.fromstring(browser.press(page, "withdraw-1").text).cssselect("#no-applications")
    assert instance.refresh(issued["refresh_token"], tv).status_code == 400


def test_what_has_run_out_is_not_listed(instance: Instance, browser: Browser, person: str) -> None:
    let_in(instance, browser, instance.shop, person)
    instance.execute("DELETE FROM authly.consents")
    assert named(visit(browser, person)) == ["Shop"]
    instance.execute(
        "UPDATE authly.tokens SET rotated_at = now() - interval '2 days', expires_at = now()"
        " WHERE token_type = 'refresh'"
    )
    instance.execute("UPDATE authly.grants SET created_at = created_at - interval '2 days'")
    assert html.fromstring(visit(browser, person).text).cssselect("#no-applications")


def test_of_very_many_applications_fifty_are_shown_in_a_page_of_moderate_size(
    instance: Instance, browser: Browser, person: str
) -> None:
    visit(browser, person)
    instance.execute(
        "WITH made AS (INSERT INTO authly.clients (client_id, display_name, type, auth_method,"
        " grant_types, redirect_uris, audiences) SELECT 'many-' || n, repeat('x', 60), 'public',"
        " 'none', '{}', '{}', '{}' FROM generate_series(1, 80) AS n RETURNING id)"
        " INSERT INTO authly.consents (user_id, client_id, scopes)"
        " SELECT users.id, made.id, '{read,profile}' FROM authly.users, made WHERE email = %s",
        person,
    )
    page = browser.client.get("/account")
    assert len(rows(page, "applications")) == 50
    assert len(page.content) < 64 * 1024
