"""The page where people switch a second factor on and off, and draw other recovery codes."""

import re

import httpx
import pytest
from tests.server.http import second_factors
from tests.server.http.second_factors import PATH, Enrolled

from throwaway.browser import Browser, has_form, read_form
from throwaway.instance import Instance
from throwaway.registration import PASSWORD
from throwaway.smtp import Mailbox


@pytest.fixture(scope="module")
def settings(box: Mailbox) -> dict[str, str]:
    return {"CACHE_TTL": "0", **box.settings}


@pytest.fixture
def email(instance: Instance) -> str:
    return second_factors.add_person(instance)


@pytest.fixture
def browser(instance: Instance) -> Browser:
    return instance.browser()


@pytest.fixture
def person(instance: Instance, box: Mailbox) -> Enrolled:
    enrolled = second_factors.enrol(instance)
    assert box.next_to(enrolled.email)["Subject"] == "Your second factor is on"
    return enrolled


def is_on(instance: Instance, email: str) -> bool:
    """Whether a code is asked for."""
    browser = instance.browser()
    page = browser.sign_in(browser.authorize(instance.shop), email)
    return has_form(page, "second-factor-form")


def change(person: Enrolled, action: str, code: str, password: str = PASSWORD) -> httpx.Response:
    """Send the form that switches it off or draws other recovery codes."""
    page = person.browser.client.get(PATH)
    return person.browser.submit(page, action=action, password=password, code=code)


def test_it_is_switched_on_by_password_and_first_code(
    instance: Instance, browser: Browser, email: str
) -> None:
    page = second_factors.open_page(browser, email)
    assert has_form(page, "second-factor-begin-form")
    page = browser.submit(page, action="begin", password=PASSWORD)
    app = second_factors.offered(page)
    assert not is_on(instance, email)
    done = browser.submit(page, action="confirm", code=app.code(-1))
    assert len(second_factors.shown_codes(done)) == 10
    assert done.headers["Cache-Control"] == "no-store"
    assert is_on(instance, email)


def test_the_browser_stays_signed_in_under_another_cookie(
    instance: Instance, browser: Browser, email: str
) -> None:
    second_factors.open_page(browser, email)
    before = browser.cookies["__Host-authly_session"]
    page = browser.submit(browser.client.get(PATH), action="begin", password=PASSWORD)
    browser.submit(page, action="confirm", code=second_factors.offered(page).code())
    assert browser.cookies["__Host-authly_session"] != before
    assert has_form(browser.client.get(PATH), "second-factor-change-form")
    assert has_form(browser.authorize(instance.shop), "consent-form")


@pytest.mark.parametrize("password", ["", "wrong", "p" * 1025])
def test_without_the_password_there_is_no_key(browser: Browser, email: str, password: str) -> None:
    page = second_factors.open_page(browser, email)
    answer = browser.submit(page, action="begin", password=password)
    assert answer.status_code == 400
    assert "password is wrong" in answer.text
    assert 'id="key"' not in answer.text


def test_a_wrong_first_code_switches_nothing_on_and_the_key_stays(
    instance: Instance, browser: Browser, email: str
) -> None:
    page = browser.submit(
        second_factors.open_page(browser, email), action="begin", password=PASSWORD
    )
    app = second_factors.offered(page)
    again = browser.submit(page, action="confirm", code=app.wrong_code())
    assert again.status_code == 400
    assert second_factors.offered(again) == app
    assert not is_on(instance, email)
    assert second_factors.shown_codes(browser.submit(again, action="confirm", code=app.code()))


@pytest.mark.parametrize("spoiled", ["", "x", "é", "A" * 90, "A" * 4000])
def test_an_offer_of_ones_own_making_is_none(browser: Browser, email: str, spoiled: str) -> None:
    page = browser.submit(
        second_factors.open_page(browser, email), action="begin", password=PASSWORD
    )
    app = second_factors.offered(page)
    answer = browser.submit(page, action="confirm", code=app.code(), offer=spoiled)
    assert answer.status_code == 400
    assert "Begin anew" in answer.text


def test_an_offer_is_of_one_session(instance: Instance, browser: Browser, email: str) -> None:
    page = browser.submit(
        second_factors.open_page(browser, email), action="begin", password=PASSWORD
    )
    app, other = second_factors.offered(page), instance.browser()
    there = second_factors.open_page(other, email)
    answer = other.submit(
        there, action="confirm", code=app.code(), offer=read_form(page).fields["offer"]
    )
    assert answer.status_code == 400
    assert not is_on(instance, email)


def test_of_two_that_are_set_up_at_once_the_first_stays(
    instance: Instance, browser: Browser, email: str
) -> None:
    begun = second_factors.open_page(browser, email)
    pages = [browser.submit(begun, action="begin", password=PASSWORD) for _ in range(2)]
    first, second = map(second_factors.offered, pages)
    assert first != second
    browser.submit(pages[0], action="confirm", code=first.code(-1))
    late = browser.submit(pages[1], action="confirm", code=second.code())
    assert not second_factors.shown_codes(late)
    other = instance.browser()
    page = other.sign_in(other.authorize(instance.shop), email)
    assert not second_factors.signs_in(other, page, second.code())
    assert second_factors.signs_in(other, page, first.code())


def test_it_is_switched_off_by_password_and_code(
    instance: Instance, box: Mailbox, person: Enrolled
) -> None:
    assert has_form(change(person, "remove", person.app.code()), "second-factor-begin-form")
    assert not is_on(instance, person.email)
    assert box.next_to(person.email)["Subject"] == "Your second factor is off"
    recorded = (
        "SELECT string_agg(event, ' ' ORDER BY log.occurred_at) FROM authly.audit_log AS log"
        " JOIN authly.users ON users.id = log.user_id WHERE email = %s"
    )
    assert instance.fetch(recorded, person.email) == "second_factor_enrolled second_factor_removed"


@pytest.mark.parametrize("action", ["remove", "renew"])
def test_nothing_is_changed_without_both(instance: Instance, person: Enrolled, action: str) -> None:
    assert change(person, action, person.app.code(), "wrong").status_code == 400
    assert change(person, action, person.app.wrong_code()).status_code == 400
    assert change(person, action, "").status_code == 400
    assert is_on(instance, person.email)
    browser, page = second_factors.begin(instance, person)
    assert second_factors.signs_in(browser, page, person.recovery_codes[0])


def test_a_recovery_code_switches_it_off(instance: Instance, person: Enrolled) -> None:
    change(person, "remove", person.recovery_codes[3])
    assert not is_on(instance, person.email)


def test_other_recovery_codes_end_those_of_before(
    instance: Instance, box: Mailbox, person: Enrolled
) -> None:
    codes = second_factors.shown_codes(change(person, "renew", person.app.code()))
    assert len(codes) == 10
    assert not set(codes) & set(person.recovery_codes)
    assert box.next_to(person.email)["Subject"] == "Your recovery codes are new"
    browser, page = second_factors.begin(instance, person)
    assert not second_factors.signs_in(browser, page, person.recovery_codes[0])
    assert second_factors.signs_in(browser, page, codes[0])


def test_how_many_recovery_codes_are_left_is_told_and_no_key(
    instance: Instance, person: Enrolled
) -> None:
    browser, page = second_factors.begin(instance, person)
    second_factors.signs_in(browser, page, person.recovery_codes[0])
    text = person.browser.client.get(PATH).text
    assert re.search(r'id="recovery-codes-left">9<', text)
    assert 'id="key"' not in text
    assert not second_factors.shown_codes(person.browser.client.get(PATH))


@pytest.mark.parametrize("fields", [{"csrf": "x"}, {"csrf": ""}, {"action": "no-such"}, {}])
def test_a_form_that_we_did_not_show_changes_nothing(
    instance: Instance, person: Enrolled, fields: dict[str, str]
) -> None:
    page = person.browser.client.get(PATH)
    form = {"password": PASSWORD, "code": person.app.code(), "action": "remove"}
    sent = form | fields if fields else {**form, "action": ""}
    assert person.browser.submit(page, **sent).status_code == 400
    assert is_on(instance, person.email)


def test_a_form_of_one_person_is_none_of_anothers(instance: Instance, person: Enrolled) -> None:
    other = second_factors.enrol(instance)
    page = person.browser.client.get(PATH)
    answer = other.browser.submit(page, action="remove", password=PASSWORD, code=other.app.code())
    assert answer.status_code == 400
    assert is_on(instance, other.email)


def test_who_is_not_signed_in_is_asked_to(instance: Instance, person: Enrolled) -> None:
    stranger = instance.browser()
    assert has_form(stranger.follow(stranger.client.get(PATH)), "login-form")
    form = {"action": "remove", "password": PASSWORD, "code": person.app.code()}
    answer = stranger.follow(stranger.client.post(PATH, data=form))
    assert has_form(answer, "login-form")
    page = stranger.sign_in(answer, person.email)
    assert has_form(page, "second-factor-form")
    assert has_form(stranger.submit(page, code=person.app.code()), "second-factor-change-form")


def test_a_new_password_by_mail_switches_nothing_off(
    instance: Instance, box: Mailbox, person: Enrolled
) -> None:
    browser = instance.browser()
    forgotten = browser.client.get("/account/forgotten-password")
    browser.submit(forgotten, username=person.email)
    (link,) = re.findall(r"https://[^/\s]+(/\S+)", box.next_to(person.email).get_content())
    new = "four words in a row"
    browser.submit(browser.client.get(link), password=new, again=new)
    page = browser.sign_in(browser.authorize(instance.shop), person.email, new)
    assert has_form(page, "second-factor-form")
    assert second_factors.signs_in(browser, page, person.app.code())


def test_who_changes_the_password_stays_signed_in_with_both(
    instance: Instance, person: Enrolled
) -> None:
    new, own = "four words in a row", person.browser
    page = own.client.get("/account/password")
    changed = own.submit(page, present=PASSWORD, password=new, again=new)
    assert 'id="said"' in changed.text
    assert has_form(own.authorize(instance.shop), "consent-form")
    browser = instance.browser()
    page = browser.sign_in(browser.authorize(instance.shop), person.email, new)
    assert has_form(page, "second-factor-form")


def test_an_administrator_may_have_one_too(instance: Instance, email: str) -> None:
    instance.execute("UPDATE authly.users SET is_admin = true WHERE email = %s", email)
    second_factors.enrol(instance, email)
    assert is_on(instance, email)
