"""/account: a person sees where they are signed in, and ends it there or everywhere else."""

import httpx
import pytest
from lxml import html
from tests.server.http import own_account
from tests.server.http.own_account import buttons, rows, said, visit

from throwaway import openid
from throwaway.browser import Browser, has_form
from throwaway.instance import Instance
from throwaway.registration import RegisteredClient


SESSIONS = "SELECT count(*) FROM authly.sessions"
OF_PERSON = (
    "SELECT count(*) FROM authly.sessions JOIN authly.users ON users.id = sessions.user_id"
    " WHERE users.email = %s"
)
EXPIRE = (
    "UPDATE authly.sessions SET expires_at = now() - interval '1 second' FROM authly.users"
    " WHERE users.id = sessions.user_id AND users.email = %s"
)


@pytest.fixture
def person(instance: Instance) -> str:
    return own_account.add_person(instance)


@pytest.fixture
def here(instance: Instance) -> Browser:
    return instance.browser()


@pytest.fixture
def there(instance: Instance, person: str) -> Browser:
    """Another browser of the person, in which they are signed in."""
    browser = instance.browser()
    visit(browser, person)
    return browser


@pytest.fixture(scope="module")
def shop(instance: Instance) -> RegisteredClient:
    """A client that would be told of the end of a session, where nobody listens."""
    return openid.apply_client(
        instance, "openid-shop", backchannel_logout_uri="https://127.0.0.1:9/logout"
    )


def is_signed_in(browser: Browser) -> bool:
    return not has_form(browser.client.get("/account"), "login-form")


def is_error(page: httpx.Response) -> bool:
    return page.status_code == 400 and 'id="error-title"' in page.text


def test_whoever_is_not_signed_in_signs_in_and_comes_back(
    instance: Instance, here: Browser, person: str
) -> None:
    before = instance.fetch(SESSIONS)
    page = here.client.get("/account")
    assert has_form(page, "login-form")
    assert instance.fetch(SESSIONS) == before
    page = here.sign_in(page, person)
    assert page.url.path == "/account"
    assert html.fromstring(page.text).cssselect("#username")[0].text == person
    assert set(here.cookies) == {"__Host-authly_session", "__Host-authly_device"}


def test_a_wrong_password_is_told_and_can_be_corrected(here: Browser, person: str) -> None:
    failed = here.sign_in(here.client.get("/account"), person, "wrong")
    assert failed.status_code == 400
    assert 'id="login-error"' in failed.text
    assert here.sign_in(failed, person).url.path == "/account"


@pytest.mark.parametrize("name", ["next", "return_to", "redirect_uri", "page", "said"])
def test_no_parameter_leads_anywhere_else_after_signing_in(
    here: Browser, person: str, name: str
) -> None:
    page = here.client.get("/account", params={name: "https://evil.example/"})
    assert "evil.example" not in page.text
    page = here.sign_in(page, person)
    assert (page.url.path, page.status_code) == ("/account", 200)


def test_a_sign_in_form_of_another_browser_signs_nobody_in(
    instance: Instance, here: Browser, person: str
) -> None:
    page = instance.browser().client.get("/account")
    assert is_error(here.sign_in(page, person))
    assert instance.fetch(OF_PERSON, person) == 0


def test_the_page_says_where_the_person_is_signed_in_and_which_browser_this_is(
    here: Browser, there: Browser, person: str
) -> None:
    page = visit(here, person)
    first, second = rows(page, "sessions")
    assert "This browser" in first.text_content()
    assert first.cssselect("a#sign-out")[0].get("href") == "/logout"
    assert not first.cssselect("button")
    assert "Another browser" in second.text_content()
    assert len(second.cssselect("time")) == 2
    (other,) = rows(visit(there, person), "sessions")[1:]
    assert other.cssselect("button")[0].get("value") != second.cssselect("button")[0].get("value")


def test_a_session_says_when_an_application_was_let_in_from_it(
    instance: Instance, here: Browser, there: Browser, person: str, shop: RegisteredClient
) -> None:
    own_account.let_in(instance, there, shop, person)
    other = rows(visit(here, person), "sessions")[1]
    assert "Let an application in last on" in other.text_content()


def test_the_page_is_kept_by_nobody_and_its_forms_lead_to_us_alone(
    here: Browser, person: str
) -> None:
    page = visit(here, person)
    assert page.headers["Cache-Control"] == "no-store"
    policy = page.headers["Content-Security-Policy"].split("; ")
    assert "form-action 'self'" in policy
    assert "default-src 'none'" in policy
    assert not html.fromstring(page.text).cssselect("script")


def test_another_browser_is_signed_out_and_this_one_goes_on(
    instance: Instance, here: Browser, there: Browser, person: str, shop: RegisteredClient
) -> None:
    lost = own_account.let_in(instance, there, shop, person, scope="openid read")
    instance.execute("DELETE FROM authly.logout_notices")
    page = here.press(visit(here, person), "end-session-2")
    assert said(page) == "That browser is signed out."
    assert len(rows(page, "sessions")) == 1
    assert not is_signed_in(there)
    assert is_signed_in(here)
    assert not instance.is_active(lost["access_token"], shop)
    assert instance.fetch("SELECT count(*) FROM authly.logout_notices") == 1
    recorded = (
        "SELECT count(*) FROM authly.audit_log JOIN authly.users ON users.id = user_id"
        " WHERE event = 'session_ended' AND email = %s"
    )
    assert instance.fetch(recorded, person) == 1


def test_all_others_are_signed_out_at_once(
    instance: Instance, here: Browser, there: Browser, person: str
) -> None:
    third, stranger = instance.browser(), own_account.add_person(instance)
    visit(third, person)
    strangers = instance.browser()
    visit(strangers, stranger)
    page = here.press(visit(here, person), "end-others")
    assert said(page) == "You are signed out everywhere else."
    assert 'id="end-others"' not in page.text
    assert [is_signed_in(each) for each in (here, there, third, strangers)] == [
        True,
        False,
        False,
        True,
    ]


def test_this_browser_can_be_signed_out_by_its_own_id(
    instance: Instance, here: Browser, there: Browser, person: str
) -> None:
    page = visit(here, person)
    (mine,) = buttons(visit(there, person), "session")[:1]
    form = own_account.fields(page, "sessions-form")
    here.client.post("/account/sessions", data=form | {"session": mine})
    assert not is_signed_in(here)
    assert is_signed_in(there)


def test_the_session_of_somebody_else_is_not_ended(
    instance: Instance, here: Browser, person: str
) -> None:
    stranger = own_account.add_person(instance)
    mine, theirs = instance.browser(), instance.browser()
    visit(mine, stranger)
    (theirs_id,) = buttons(visit(theirs, stranger), "session")[:1]
    form = own_account.fields(visit(here, person), "sessions-form")
    here.client.post("/account/sessions", data=form | {"session": theirs_id})
    assert instance.fetch(OF_PERSON, stranger) == 2
    assert is_signed_in(mine)


def test_two_who_end_the_same_at_once_both_find_it_ended(
    instance: Instance, here: Browser, there: Browser, person: str
) -> None:
    page = visit(here, person)
    (ended,) = buttons(page, "session")[:1]
    sent = own_account.fields(page, "sessions-form") | {"session": ended}
    answers = own_account.post_at_once(here, "/account/sessions", sent)
    assert answers == [303] * 8
    assert not is_signed_in(there)
    assert instance.fetch(OF_PERSON, person) == 1


def test_whose_session_is_over_ends_nothing_and_signs_in_again(
    instance: Instance, here: Browser, person: str
) -> None:
    page = visit(here, person)
    instance.execute(EXPIRE, person)
    there = instance.browser()
    visit(there, person)
    form = own_account.fields(page, "sessions-form")
    answer = here.client.post("/account/sessions", data=form | {"session": "others"})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/account")
    assert has_form(here.follow(answer), "login-form")
    assert is_signed_in(there)


def test_a_form_that_this_session_was_not_shown_ends_nothing(
    instance: Instance, here: Browser, there: Browser, person: str
) -> None:
    page = visit(here, person)
    other = own_account.fields(visit(there, person), "sessions-form")["csrf"]
    own_account.let_in(instance, here, instance.shop, person)
    form = own_account.fields(visit(here, person), "applications-form")["csrf"]
    for forged in ("", "0" * 64, other, form):
        sent = {"csrf": forged, "session": "others"}
        assert is_error(here.client.post("/account/sessions", data=sent))
    assert is_signed_in(there)
    assert here.client.get("/account/sessions", params={"session": "others"}).status_code == 405
    assert said(here.press(page, "end-others")) == "You are signed out everywhere else."


@pytest.mark.parametrize("named", ["", "x", "OTHERS", "' OR 1=1 --", "0" * 33, "é" * 32])
def test_what_names_no_session_ends_none(
    here: Browser, there: Browser, person: str, named: str
) -> None:
    form = own_account.fields(visit(here, person), "sessions-form")
    assert is_error(here.client.post("/account/sessions", data=form | {"session": named}))
    assert is_signed_in(there)


def test_no_link_of_others_makes_the_page_say_that_something_was_done(
    here: Browser, there: Browser, person: str
) -> None:
    page = here.press(visit(here, person), "end-session-2")
    proof = page.url.params["proof"]
    assert said(here.client.get("/account", params={"said": "session-ended", "proof": proof}))
    for forged in ({"said": "withdrawn"}, {"said": "withdrawn", "proof": proof}, {"said": "x"}):
        assert said(here.client.get("/account", params=forged)) == ""
    visit(there, person)
    told = {"said": "session-ended", "proof": proof}
    assert said(there.client.get("/account", params=told)) == ""


def test_whoever_is_disabled_is_signed_out(instance: Instance, here: Browser, person: str) -> None:
    visit(here, person)
    instance.execute("UPDATE authly.users SET enabled = false WHERE email = %s", person)
    assert not is_signed_in(here)


def test_of_very_many_sessions_the_youngest_fifty_are_shown_and_all_are_ended(
    instance: Instance, here: Browser, person: str
) -> None:
    page = visit(here, person)
    instance.execute(
        "INSERT INTO authly.sessions (digest, user_id, acr, expires_at, authenticated_at)"
        " SELECT sha256(n::text::bytea), id, 'a', now() + interval '1 hour',"
        " now() - make_interval(mins => n)"
        " FROM authly.users, generate_series(1, 500) AS n WHERE email = %s",
        person,
    )
    page = here.client.get("/account")
    assert len(rows(page, "sessions")) == 50
    assert "This browser" in rows(page, "sessions")[0].text_content()
    assert len(page.content) < 64 * 1024
    here.press(page, "end-others")
    assert instance.fetch(OF_PERSON, person) == 1
