"""/account/password: who knows their password changes it, and all that rests on it ends."""

from functools import partial

import httpx
import pytest
from lxml import html
from tests.server.http import own_account, peopling
from tests.server.http.own_account import let_in, said, visit

from throwaway import openid, registration
from throwaway.browser import Browser, has_form, read_form
from throwaway.instance import Instance
from throwaway.smtp import Mailbox


OLD, NEW = "the password of before", "four words in a row"
SESSION = "__Host-authly_session"
HASH = "SELECT password_hash FROM authly.users WHERE email = %s"
RECORDED = (
    "SELECT count(*) FROM authly.audit_log JOIN authly.users ON users.id = user_id"
    " WHERE event = 'password_changed' AND email = %s"
)


@pytest.fixture(scope="module")
def settings(box: Mailbox) -> dict[str, str]:
    """At a cost to which each password is hashed anew at the first sign-in."""
    costs = {"PASSWORD_HASH_COST": "11", "LOGIN_THROTTLE_ENABLED": "true"}
    return {"CACHE_TTL": "0", **costs, **box.settings}


@pytest.fixture
def person(instance: Instance) -> str:
    return own_account.add_person(instance, password=OLD)


@pytest.fixture
def browser(instance: Instance, person: str) -> Browser:
    """The person is signed in there."""
    browser = instance.browser()
    visit(browser, person, password=OLD)
    return browser


def change(
    browser: Browser, password: str = NEW, *, present: str = OLD, again: str | None = None
) -> httpx.Response:
    page = browser.client.get("/account/password")
    typed = {"present": present, "password": password, "again": again or password}
    return browser.submit(page, **typed)


def signs_in(instance: Instance, person: str, password: str) -> bool:
    page = visit(instance.browser(), person, password=password)
    return not has_form(page, "login-form")


def refusal(page: httpx.Response) -> str:
    """Why nothing was changed, which is announced; the form is there again, empty."""
    found = html.fromstring(page.text)
    (message,) = found.cssselect("#password-error[role=alert]")
    assert not [field for field in found.cssselect("[type=password]") if field.get("value")]
    assert page.headers["Cache-Control"] == "no-store"
    return " ".join("".join(map(str, message.itertext())).split())


def is_signed_in(browser: Browser) -> bool:
    return not has_form(browser.client.get("/account"), "login-form")


def test_who_knows_the_present_password_chooses_another(
    instance: Instance, box: Mailbox, browser: Browser, person: str
) -> None:
    page = change(browser)
    assert said(page) == "Your password is changed. You are signed out everywhere else."
    assert signs_in(instance, person, NEW)
    assert not signs_in(instance, person, OLD)
    message = box.next()
    assert (message["To"], message["Subject"]) == (person, "Your password was changed")
    assert instance.fetch(RECORDED, person) == 1


def test_this_browser_goes_on_under_another_id_and_another_cookie(
    instance: Instance, box: Mailbox, browser: Browser, person: str
) -> None:
    client = openid.apply_client(instance, "sid")
    token = let_in(instance, browser, client, person, scope="openid")["id_token"]
    before, cookie = openid.read(instance, token, client)["sid"], browser.cookies[SESSION]
    form = own_account.fields(browser.client.get("/account"), "sessions-form")
    change(browser)
    box.next()
    assert is_signed_in(browser)
    token = let_in(instance, browser, client, person, scope="openid")["id_token"]
    assert openid.read(instance, token, client)["sid"] != before
    stolen = instance.browser()
    stolen.cookies[SESSION] = cookie
    assert not is_signed_in(stolen)
    answer = browser.client.post("/account/sessions", data=form | {"session": "others"})
    assert answer.status_code == 400


def test_all_other_sessions_and_every_token_end_with_the_password(
    instance: Instance, box: Mailbox, browser: Browser, person: str
) -> None:
    other = instance.browser()
    visit(other, person, password=OLD)
    scopes = {"scope": "openid offline_access read", "prompt": "consent"}
    client = openid.apply_client(
        instance, "told", backchannel_logout_uri="https://127.0.0.1:9/logout"
    )
    tokens = [let_in(instance, each, client, person, **scopes) for each in (browser, other)]
    instance.execute("DELETE FROM authly.logout_notices")
    page = change(browser)
    box.next()
    assert not is_signed_in(other)
    for each in tokens:
        assert not instance.is_active(each["access_token"], client)
        assert instance.refresh(each["refresh_token"], client).status_code == 400
    assert instance.fetch("SELECT count(*) FROM authly.logout_notices") == 2
    assert len(own_account.rows(page, "sessions")) == 1


def test_what_other_people_have_stays(
    instance: Instance, box: Mailbox, browser: Browser, person: str
) -> None:
    other, theirs = own_account.add_person(instance), instance.browser()
    kept = let_in(instance, theirs, instance.shop, other)
    change(browser)
    box.next()
    assert instance.is_active(kept["access_token"])
    assert is_signed_in(theirs)


def test_a_wrong_present_password_changes_nothing(
    instance: Instance, box: Mailbox, browser: Browser, person: str
) -> None:
    page = change(browser, present="wrong")
    assert page.status_code == 400
    assert refusal(page) == "That did not work. The present password is wrong."
    assert change(browser, present=NEW, password=OLD).status_code == 400
    assert signs_in(instance, person, OLD)
    assert box.is_empty


def test_guessing_the_present_password_is_slowed_down_as_signing_in_is(
    instance: Instance, browser: Browser, person: str
) -> None:
    pages = [change(browser, present=f"guess {number}") for number in range(5)]
    assert {page.status_code for page in pages} == {400}
    while pages[-1].status_code == 400:  # one more is free every ten seconds
        assert len(pages) < 20
        pages.append(change(browser, present="one more guess"))
    assert pages[-1].status_code == 429
    assert "was not checked" in refusal(pages[-1])
    assert int(pages[-1].headers["Retry-After"]) > 0
    before = instance.fetch(HASH, person)
    assert change(browser).status_code == 429
    assert instance.fetch(HASH, person) == before
    failed = browser.sign_in(browser.authorize(instance.shop, prompt="login"), person, OLD)
    assert failed.status_code == 429


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        pytest.param(("short one", "short one"), "fewer than 12 characters", id="short"),
        pytest.param((NEW, NEW + " "), "not the same", id="mistyped"),
        pytest.param(("ab" * 8, "ab" * 8), "same few", id="repeated"),
        pytest.param(("a\x07" * 8, "a\x07" * 8), "control character", id="control character"),
        pytest.param(("p" * 1025, "p" * 1025), "1 to 1024 bytes", id="too long"),
        pytest.param((OLD, OLD), "the present one", id="the same"),
    ],
)
def test_a_password_that_cannot_be_one_is_told_and_nothing_changes(
    instance: Instance, browser: Browser, person: str, typed: tuple[str, str], told: str
) -> None:
    page = change(browser, typed[0], again=typed[1])
    assert page.status_code == 400
    assert told in refusal(page)
    assert signs_in(instance, person, OLD)


def test_ones_own_address_is_no_password(browser: Browser, person: str) -> None:
    assert "your name or your address" in refusal(change(browser, person.upper()))


def test_of_two_at_once_one_wins(
    instance: Instance, box: Mailbox, browser: Browser, person: str
) -> None:
    form = read_form(browser.client.get("/account/password")).fields
    typed = form | {"present": OLD, "password": NEW, "again": NEW}
    assert set(own_account.post_at_once(browser, "/account/password", typed, 4)) == {303}
    assert instance.fetch(RECORDED, person) == 1
    box.next()
    assert box.is_empty
    assert signs_in(instance, person, NEW)


def test_all_who_sign_in_at_once_do_so_though_the_password_is_hashed_anew(
    instance: Instance, person: str
) -> None:
    browsers = [instance.browser() for _ in range(4)]
    forms = [(each, each.client.get("/account")) for each in browsers]
    signing_in = [partial(each.sign_in, page, person, OLD) for each, page in forms]
    assert peopling.at_once(signing_in) == [200] * 4
    assert all(map(is_signed_in, browsers))


def test_whose_session_is_over_changes_nothing_and_comes_back_after_signing_in(
    instance: Instance, browser: Browser, person: str
) -> None:
    form = read_form(browser.client.get("/account/password")).fields
    instance.execute("UPDATE authly.sessions SET expires_at = now()")
    typed = form | {"present": OLD, "password": NEW, "again": NEW}
    page = browser.follow(browser.client.post("/account/password", data=typed))
    assert has_form(page, "login-form")
    page = browser.sign_in(page, person, OLD)
    assert (page.url.path, has_form(page, "own-password-form")) == ("/account/password", True)
    assert instance.fetch(RECORDED, person) == 0


def test_whoever_opens_the_page_without_a_session_signs_in_first(
    instance: Instance, person: str
) -> None:
    browser = instance.browser()
    page = browser.follow(browser.client.get("/account/password"))
    assert has_form(page, "login-form")
    assert browser.sign_in(page, person, OLD).url.path == "/account/password"


def test_a_form_that_this_session_was_not_shown_changes_nothing(
    instance: Instance, browser: Browser, person: str
) -> None:
    other = instance.browser()
    visit(other, person, password=OLD)
    another = read_form(other.client.get("/account/password")).fields["csrf"]
    sessions = own_account.fields(browser.client.get("/account"), "sessions-form")["csrf"]
    typed = {"present": OLD, "password": NEW, "again": NEW}
    for forged in ("", "0" * 64, another, sessions):
        answer = browser.client.post("/account/password", data=typed | {"csrf": forged})
        assert answer.status_code == 400
        assert 'id="error-title"' in answer.text
    assert signs_in(instance, person, OLD)


def test_the_administrator_is_told_where_the_password_is_kept(
    instance: Instance, browser: Browser
) -> None:
    admin = instance.browser()
    visit(admin, registration.EMAIL)
    page = admin.client.get("/account/password")
    assert page.status_code == 200
    assert html.fromstring(page.text).cssselect("#password-kept")
    assert not html.fromstring(page.text).cssselect("form")
    typed = {"present": registration.PASSWORD, "password": NEW, "again": NEW}
    before = instance.fetch(HASH, registration.EMAIL)
    assert admin.client.post("/account/password", data=typed).status_code == 400
    assert instance.fetch(HASH, registration.EMAIL) == before


def test_no_password_is_in_the_log_or_in_a_page(
    instance: Instance, box: Mailbox, browser: Browser
) -> None:
    pages = [change(browser, present="wrong but secret"), change(browser)]
    box.next()
    log = instance.server.log.read_text()
    for secret in (OLD, NEW, "wrong but secret"):
        assert secret not in log
        assert not [page for page in pages if secret in page.text]
