"""L9: codes are guessed a few times only, and no guessing keeps the owner out."""

from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from tests.server.http import second_factors
from tests.server.http.second_factors import Enrolled

from throwaway.browser import Browser, has_form
from throwaway.instance import Instance
from throwaway.registration import PASSWORD


@pytest.fixture
def person(instance: Instance) -> Enrolled:
    return second_factors.enrol(instance)


def guess(browser: Browser, page: httpx.Response, person: Enrolled) -> httpx.Response:
    return browser.submit(page, code=person.app.wrong_code())


def is_over(answer: httpx.Response) -> bool:
    return answer.status_code == 400 and "this sign-in is over" in answer.text


def exhaust(instance: Instance, person: Enrolled) -> None:
    """Guess in one sign-in after another, until nothing is looked at any more."""
    for _ in range(2):
        browser, page = second_factors.begin(instance, person)
        for _ in range(5):
            assert guess(browser, page, person).status_code == 400


def test_five_wrong_codes_end_a_sign_in(instance: Instance, person: Enrolled) -> None:
    browser, page = second_factors.begin(instance, person)
    for _ in range(5):
        assert has_form(guess(browser, page, person), "second-factor-form")
    assert is_over(browser.submit(page, code=person.app.code()))
    assert is_over(browser.submit(page, code=person.recovery_codes[0]))


def test_a_cookie_of_before_brings_no_tries_back(instance: Instance, person: Enrolled) -> None:
    browser, page = second_factors.begin(instance, person)
    kept = dict(browser.cookies)
    for _ in range(5):
        guess(browser, page, person)
    browser.cookies = kept
    assert is_over(browser.submit(page, code=person.app.code()))


def test_nor_does_the_password_typed_again(instance: Instance, person: Enrolled) -> None:
    browser = instance.browser()
    login = browser.authorize(instance.shop)
    page = browser.sign_in(login, person.email)
    for _ in range(5):
        guess(browser, page, person)
    again = browser.sign_in(login, person.email)
    assert is_over(browser.submit(again, code=person.app.code()))


def test_another_sign_in_begins_anew(instance: Instance, person: Enrolled) -> None:
    browser, page = second_factors.begin(instance, person)
    for _ in range(5):
        guess(browser, page, person)
    browser, page = second_factors.begin(instance, person)
    assert second_factors.signs_in(browser, page, person.app.code())


def test_many_guesses_at_once_count_too(instance: Instance, person: Enrolled) -> None:
    browser, page = second_factors.begin(instance, person)
    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(lambda _: guess(browser, page, person), range(12)))
    assert sum(is_over(answer) for answer in answers) == 7


def test_after_ten_wrong_codes_anywhere_strangers_have_to_wait(
    instance: Instance, person: Enrolled
) -> None:
    exhaust(instance, person)
    browser, page = second_factors.begin(instance, person)
    answer = browser.submit(page, code=person.app.code())
    assert answer.status_code == 429
    assert answer.headers["Retry-After"] == "900"
    assert "15 minutes" in answer.text


def test_the_owner_gets_in_meanwhile(instance: Instance, person: Enrolled) -> None:
    """On the browser where they have signed in before; on any other one by a recovery code."""
    exhaust(instance, person)
    own = person.browser
    page = own.sign_in(own.authorize(instance.shop, prompt="login"), person.email)
    assert second_factors.signs_in(own, page, person.app.code())
    browser, page = second_factors.begin(instance, person)
    browser.submit(page, code=person.app.code(1))
    assert second_factors.signs_in(browser, page, person.recovery_codes[0])


def test_a_browser_that_knew_the_password_only_is_a_strangers(instance: Instance) -> None:
    email = second_factors.add_person(instance)
    former = instance.browser()
    former.sign_in(former.authorize(instance.shop), email)
    person = second_factors.enrol(instance, email)
    aged = "UPDATE authly.second_factors SET enrolled_at = now() + interval '1 minute'"
    instance.execute(aged)
    exhaust(instance, person)
    page = former.sign_in(former.authorize(instance.shop), email)
    assert former.submit(page, code=person.app.code()).status_code == 429


def test_right_codes_and_typing_errors_do_not_count(instance: Instance, person: Enrolled) -> None:
    browser, page = second_factors.begin(instance, person)
    for _ in range(12):
        assert browser.submit(page, code="12345").status_code == 400
    assert second_factors.signs_in(browser, page, person.app.code())
    counted = "SELECT coalesce(sum(count), 0) FROM authly.attempts"
    before = instance.fetch(counted)
    instance.execute(second_factors.LATER)
    browser, page = second_factors.begin(instance, person)
    assert second_factors.signs_in(browser, page, person.app.code())
    assert instance.fetch(counted) == before


def test_guesses_at_the_page_of_the_account_count_as_well(
    instance: Instance, person: Enrolled
) -> None:
    page = person.browser.client.get(second_factors.PATH)
    said = [
        person.browser.submit(
            page, action="remove", password=PASSWORD, code=person.app.wrong_code()
        ).text
        for _ in range(6)
    ]
    assert ["half an hour" in text for text in said] == [False] * 5 + [True]
    page = person.browser.client.get(second_factors.PATH)
    assert has_form(page, "second-factor-change-form")
