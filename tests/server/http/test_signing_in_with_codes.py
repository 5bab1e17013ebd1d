"""L9: whoever has a second factor signs in with a code of it, each once, and not without."""

import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from tests.server.http import second_factors
from tests.server.http.second_factors import Enrolled

from throwaway.browser import Browser, has_form, read_form
from throwaway.instance import Instance


SESSION = "__Host-authly_session"


@pytest.fixture
def person(instance: Instance) -> Enrolled:
    return second_factors.enrol(instance)


def sessions(instance: Instance, person: Enrolled) -> int:
    counted = "SELECT count(*) FROM authly.sessions JOIN authly.users ON users.id = user_id"
    return int(instance.fetch(f"{counted} WHERE email = %s", person.email))


def test_a_password_alone_begins_no_session(instance: Instance, person: Enrolled) -> None:
    before = sessions(instance, person)
    browser, page = second_factors.begin(instance, person)
    assert page.status_code == 200
    assert has_form(page, "second-factor-form")
    assert SESSION not in browser.cookies
    assert sessions(instance, person) == before
    assert has_form(browser.authorize(instance.shop), "login-form")


def test_a_code_signs_in(instance: Instance, person: Enrolled) -> None:
    browser, page = second_factors.begin(instance, person)
    assert second_factors.signs_in(browser, page, person.app.code())
    assert SESSION in browser.cookies
    assert has_form(browser.authorize(instance.shop), "consent-form")


@pytest.mark.parametrize("steps", [-1, 0, 1])
def test_a_clock_may_be_half_a_minute_wrong(instance: Instance, steps: int) -> None:
    person = second_factors.enrol(instance)
    instance.execute(second_factors.LATER)
    browser, page = second_factors.begin(instance, person)
    assert second_factors.signs_in(browser, page, person.app.code(steps))


@pytest.mark.parametrize("steps", [-3, 3, -2880, 2880])
def test_a_code_of_another_time_is_refused(
    instance: Instance, person: Enrolled, steps: int
) -> None:
    instance.execute(second_factors.LATER)
    browser, page = second_factors.begin(instance, person)
    answer = browser.submit(page, code=person.app.code(steps))
    assert answer.status_code == 400
    assert 'id="second-factor-error"' in answer.text
    assert SESSION not in browser.cookies


def test_a_code_is_good_once(instance: Instance, person: Enrolled) -> None:
    code = person.app.code()
    browser, page = second_factors.begin(instance, person)
    assert second_factors.signs_in(browser, page, code)
    for _ in range(2):
        other, again = second_factors.begin(instance, person)
        assert not second_factors.signs_in(other, again, code)
        assert SESSION not in other.cookies


def test_no_code_from_before_the_last_one_is_good(instance: Instance, person: Enrolled) -> None:
    browser, page = second_factors.begin(instance, person)
    earlier = person.app.code()
    assert second_factors.signs_in(browser, page, person.app.code(1))
    other, again = second_factors.begin(instance, person)
    assert not second_factors.signs_in(other, again, earlier)


def test_the_code_that_switched_it_on_is_used(instance: Instance) -> None:
    person = second_factors.enrol(instance)
    browser, page = second_factors.begin(instance, person)
    assert not second_factors.signs_in(browser, page, person.app.code(-1))


def test_one_code_at_many_places_at_once_signs_in_once(
    instance: Instance, person: Enrolled
) -> None:
    code = person.app.code()
    begun = [second_factors.begin(instance, person) for _ in range(8)]
    assert at_once(begun, code) == [False] * 7 + [True]


def at_once(begun: list[tuple[Browser, httpx.Response]], code: str) -> list[bool]:
    """Send one code at several places: who was signed in by it."""
    with ThreadPoolExecutor(len(begun)) as pool:
        return sorted(pool.map(lambda each: second_factors.signs_in(each[0], each[1], code), begun))


def full_width(code: str) -> str:
    return "".join(chr(ord(digit) - ord("0") + ord("\uff10")) for digit in code)


def arabic(code: str) -> str:
    return "".join(unicodedata.lookup(f"ARABIC-INDIC DIGIT {_NAMES[int(d)]}") for d in code)


_NAMES = ["ZERO", "ONE", "TWO", "THREE", "FOUR", "FIVE", "SIX", "SEVEN", "EIGHT", "NINE"]
MALFORMED: dict[str, Callable[[str], str]] = {
    "five digits": lambda code: code[:5],
    "seven digits": lambda code: code + "0",
    "a zero before it": lambda code: "0" + code,
    "full-width": full_width,
    "arabic": arabic,
    "one of them superscript": lambda code: code[:5] + "\u00b2",
    "a sign": lambda code: "+" + code[1:],
    "a point": lambda code: code[:3] + "." + code[3:],
    "hexadecimal": lambda code: f"{int(code):#x}",
    "tab": lambda code: code + "\t",
    "no-break space": lambda code: code[:3] + "\u00a0" + code[3:],
    "nothing": lambda _: "",
    "SQL": lambda _: "' OR 1=1 --",
    "long": lambda code: code * 1000,
}


@pytest.mark.parametrize("name", MALFORMED)
def test_what_is_not_six_ascii_digits_is_refused(
    instance: Instance, person: Enrolled, name: str
) -> None:
    code = person.app.code()
    browser, page = second_factors.begin(instance, person)
    answer = browser.submit(page, code=MALFORMED[name](code))
    assert answer.status_code == 400
    assert SESSION not in browser.cookies
    assert second_factors.signs_in(browser, page, code)


def test_a_code_may_be_typed_in_groups(instance: Instance, person: Enrolled) -> None:
    code = person.app.code()
    browser, page = second_factors.begin(instance, person)
    assert second_factors.signs_in(browser, page, f" {code[:3]} {code[3:]}")


def test_a_code_of_somebody_else_is_refused(instance: Instance, person: Enrolled) -> None:
    other = second_factors.enrol(instance)
    browser, page = second_factors.begin(instance, person)
    assert not second_factors.signs_in(browser, page, other.app.code())
    assert not second_factors.signs_in(browser, page, other.recovery_codes[0])


def test_a_recovery_code_signs_in_once(instance: Instance, person: Enrolled) -> None:
    assert len(set(person.recovery_codes)) == 10
    for code in person.recovery_codes[:2]:
        browser, page = second_factors.begin(instance, person)
        assert second_factors.signs_in(browser, page, code.upper().replace("-", " "))
        other, again = second_factors.begin(instance, person)
        assert not second_factors.signs_in(other, again, code)


def test_one_recovery_code_at_many_places_at_once_signs_in_once(
    instance: Instance, person: Enrolled
) -> None:
    begun = [second_factors.begin(instance, person) for _ in range(6)]
    assert at_once(begun, person.recovery_codes[0]) == [False] * 5 + [True]


def test_a_stolen_cookie_is_worth_nothing_without_a_code(
    instance: Instance, person: Enrolled
) -> None:
    browser, page = second_factors.begin(instance, person)
    thief = instance.browser()
    thief.cookies = dict(browser.cookies)
    assert second_factors.signs_in(browser, page, person.app.code())
    assert has_form(thief.authorize(instance.shop), "login-form")
    transaction = read_form(page).fields["transaction"]
    there = thief.client.get("/consent", params={"transaction": transaction})
    assert not has_form(there, "consent-form")
    assert not second_factors.signs_in(thief, page, person.app.code())
    assert SESSION not in thief.cookies


def test_a_form_of_one_browser_is_none_of_anothers(instance: Instance, person: Enrolled) -> None:
    _, page = second_factors.begin(instance, person)
    stranger = instance.browser()
    assert stranger.submit(page, code=person.app.code()).status_code == 400


def test_the_second_step_comes_after_the_first(instance: Instance, person: Enrolled) -> None:
    browser = instance.browser()
    page = browser.authorize(instance.shop)
    answer = browser.submit(page, step="second-factor", code=person.app.code())
    assert answer.status_code == 400
    assert "sign in again" in answer.text


def test_another_password_ends_what_was_begun(instance: Instance, person: Enrolled) -> None:
    browser, page = second_factors.begin(instance, person)
    changed = "UPDATE authly.users SET password_hash = 'x' || password_hash WHERE email = %s"
    instance.execute(changed, person.email)
    answer = browser.submit(page, code=person.app.code())
    assert answer.status_code == 400
    assert SESSION not in browser.cookies


def test_a_person_who_is_disabled_meanwhile_does_not_sign_in(
    instance: Instance, person: Enrolled
) -> None:
    browser, page = second_factors.begin(instance, person)
    instance.execute("UPDATE authly.users SET enabled = false WHERE email = %s", person.email)
    assert browser.submit(page, code=person.app.code()).status_code == 400
    assert SESSION not in browser.cookies


def test_who_has_none_signs_in_as_before(instance: Instance) -> None:
    browser = instance.browser()
    page = browser.sign_in(browser.authorize(instance.shop), second_factors.add_person(instance))
    assert has_form(page, "consent-form")


def test_the_database_holds_nothing_that_makes_a_code(instance: Instance) -> None:
    person = second_factors.enrol(instance)
    row = instance.fetch("SELECT string_agg(f::text, ' ') FROM authly.second_factors AS f")
    assert person.app.key.hex() not in row
    for code in person.recovery_codes:
        for text in (code, code.replace("-", "")):
            assert text not in row
            assert text.encode().hex() not in row
