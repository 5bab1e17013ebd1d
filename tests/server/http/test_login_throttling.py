"""L8: whoever tries passwords waits longer and longer, and the owner never for somebody else."""

import httpx
import pytest

from throwaway import instance as throwaway_instance, registration
from throwaway.browser import Browser, has_form
from throwaway.instance import Instance


SETTINGS = {"LOGIN_THROTTLE_ENABLED": "true", "TRUSTED_PROXIES": "127.0.0.1"}
PASSWORD, WRONG = "the very right one", "wrong"
AT_ONCE = 5


@pytest.fixture(scope="module")
def settings() -> dict[str, str]:
    return SETTINGS


@pytest.fixture
def person(instance: Instance, request: pytest.FixtureRequest) -> str:
    """Somebody whom no other test is about."""
    email = f"{request.node.name.lower()[:60].rstrip('_')}@example.org"
    registration.add_user(instance.database_url, email, password=PASSWORD)
    return email


@pytest.fixture
def network(request: pytest.FixtureRequest) -> int:
    """The third byte of addresses that no other test uses."""
    return request.session.items.index(request.node) % 256


def browser_at(instance: Instance, address: str) -> Browser:
    browser = instance.browser()
    browser.client.headers["X-Forwarded-For"] = address
    return browser


def attempt(
    instance: Instance, browser: Browser, username: str, password: str = WRONG
) -> httpx.Response:
    return browser.sign_in(browser.authorize(instance.shop, prompt="login"), username, password)


def failures(instance: Instance, browser: Browser, username: str, most: int = 60) -> int:
    """How many wrong passwords are looked at before one has to wait."""
    for count in range(most):
        if attempt(instance, browser, username).status_code == 429:
            return count
    return most


def is_in(page: httpx.Response) -> bool:
    return page.status_code != 429 and not has_form(page, "login-form")


@pytest.fixture
def crowd(instance: Instance, network: int) -> Browser:
    """A browser whose address is another one each time, as in a network of bots."""
    browser, number = instance.browser(), iter(range(10_000))

    def move(request: httpx.Request) -> None:
        step = next(number)
        request.headers["X-Forwarded-For"] = f"100.{network}.{step // 250}.{step % 250}"

    browser.client.event_hooks["request"].append(move)
    return browser


def test_some_typing_errors_are_free_and_then_one_waits(
    instance: Instance, person: str, network: int
) -> None:
    browser = browser_at(instance, f"203.0.{network}.1")
    assert failures(instance, browser, person) == AT_ONCE
    page = attempt(instance, browser, person, PASSWORD)
    assert page.status_code == 429
    assert has_form(page, "login-form")
    assert "Too many attempts" in page.text
    assert 1 <= int(page.headers["Retry-After"]) <= 10
    assert "__Host-authly_session" not in browser.cookies


def test_whoever_waited_as_long_as_told_may_try_again(
    instance: Instance, person: str, network: int
) -> None:
    browser = browser_at(instance, f"203.0.{network}.1")
    failures(instance, browser, person)
    while (page := attempt(instance, browser, person, PASSWORD)).status_code == 429:
        pass
    assert is_in(page)


def test_a_right_password_forgives_the_typing_errors_before_it(
    instance: Instance, person: str, network: int
) -> None:
    browser = browser_at(instance, f"203.0.{network}.1")
    for _ in range(3):
        for _ in range(AT_ONCE - 1):
            assert attempt(instance, browser, person).status_code == 400
        assert is_in(attempt(instance, browser, person, PASSWORD))
        del browser.cookies["__Host-authly_device"]


def test_an_unknown_name_is_throttled_as_a_known_one(
    instance: Instance, person: str, network: int
) -> None:
    seen = {}
    for place, name in enumerate((person, f"nobody{network}@example.org")):
        browser = browser_at(instance, f"203.0.{network}.{place}")
        pages = [attempt(instance, browser, name) for _ in range(AT_ONCE + 2)]
        seen[place] = [
            (page.status_code, page.text.count("Too many attempts"), "Retry-After" in page.headers)
            for page in pages
        ]
    assert seen[0] == seen[1]


def test_two_names_of_one_person_do_not_show_as_one(instance: Instance, network: int) -> None:
    registration.add_user(instance.database_url, "two@example.org", password=PASSWORD)
    instance.execute(
        "UPDATE authly.users SET username = 'the-other', username_folded = 'the-other'"
        " WHERE email = 'two@example.org'"
    )
    browser = browser_at(instance, f"203.0.{network}.1")
    assert failures(instance, browser, "two@example.org") == AT_ONCE
    assert attempt(instance, browser, "the-other").status_code == 400


def test_spellings_of_one_name_are_counted_as_one(
    instance: Instance, person: str, network: int
) -> None:
    browser = browser_at(instance, f"203.0.{network}.1")
    spellings = [person, person.upper(), f" {person} ", person.title(), person.swapcase()]
    assert [attempt(instance, browser, each).status_code for each in spellings] == [400] * 5
    assert attempt(instance, browser, person).status_code == 429


def test_a_neighbour_is_not_kept_out(instance: Instance, person: str, network: int) -> None:
    failures(instance, browser_at(instance, f"203.0.{network}.1"), person)
    neighbour = browser_at(instance, f"203.0.{network}.2")
    assert is_in(attempt(instance, neighbour, person, PASSWORD))


def test_one_person_and_many_addresses_are_slowed_down_and_the_owner_is_not(
    instance: Instance, person: str, network: int, crowd: Browser
) -> None:
    owner = browser_at(instance, f"203.0.{network}.1")
    assert is_in(attempt(instance, owner, person, PASSWORD))
    assert 20 <= failures(instance, crowd, person) < 30
    elsewhere = browser_at(instance, f"203.0.{network}.9")
    page = attempt(instance, elsewhere, person, PASSWORD)
    assert page.status_code == 429
    # The owner's own browser, even where it has never been.
    owner.client.headers["X-Forwarded-For"] = f"203.0.{network}.9"
    assert is_in(attempt(instance, owner, person, PASSWORD))
    assert instance.metric("authly_login_throttled_total", by="person") > 0


def test_the_owners_browser_in_the_hands_of_a_thief_is_slowed_down(
    instance: Instance, person: str, network: int
) -> None:
    browser = browser_at(instance, f"203.0.{network}.1")
    attempt(instance, browser, person, PASSWORD)
    assert failures(instance, browser, person) == AT_ONCE
    assert instance.metric("authly_login_throttled_total", by="device") > 0


def test_a_browser_is_known_for_the_person_who_signed_in_on_it_and_no_other(
    instance: Instance, person: str, network: int, crowd: Browser
) -> None:
    registration.add_user(instance.database_url, f"own{network}@example.org", password=PASSWORD)
    attempt(instance, crowd, f"own{network}@example.org", PASSWORD)
    assert "__Host-authly_device" in crowd.cookies
    assert 20 <= failures(instance, crowd, person) < 30


def test_a_browser_of_two_people_is_known_for_both(
    instance: Instance, person: str, network: int, crowd: Browser
) -> None:
    registration.add_user(instance.database_url, f"also{network}@example.org", password=PASSWORD)
    browser = browser_at(instance, f"203.0.{network}.1")
    attempt(instance, browser, person, PASSWORD)
    attempt(instance, browser, f"also{network}@example.org", PASSWORD)
    failures(instance, crowd, person)
    assert is_in(attempt(instance, browser, person, PASSWORD))


def test_a_device_cookie_of_ones_own_making_is_none(
    instance: Instance, person: str, network: int, crowd: Browser
) -> None:
    owner = browser_at(instance, f"203.0.{network}.1")
    attempt(instance, owner, person, PASSWORD)
    genuine = owner.cookies["__Host-authly_device"]
    failures(instance, crowd, person)
    changed = genuine[:30] + ("A" if genuine[30] != "A" else "B") + genuine[31:]
    stranger = browser_at(instance, f"203.0.{network}.2")
    for cookie in (changed, genuine[:-1], genuine + genuine, ""):
        stranger.cookies["__Host-authly_device"] = cookie
        assert attempt(instance, stranger, person, PASSWORD).status_code == 429
    stranger.cookies["__Host-authly_device"] = genuine
    assert is_in(attempt(instance, stranger, person, PASSWORD))


def test_one_address_and_many_people_are_slowed_down(instance: Instance, network: int) -> None:
    browser = browser_at(instance, f"203.0.{network}.1")
    statuses = [
        attempt(instance, browser, f"victim{number}@example.org").status_code
        for number in range(45)
    ]
    assert statuses[:30] == [400] * 30
    assert statuses.count(429) >= 8
    assert instance.metric("authly_login_throttled_total", by="address") > 0


def test_the_device_cookie_says_nothing_about_the_person_and_no_script_reads_it(
    instance: Instance, person: str, network: int
) -> None:
    browser = browser_at(instance, f"203.0.{network}.1")
    page = browser.authorize(instance.shop)
    form = {"username": person, "password": PASSWORD}
    browser.client.event_hooks["response"].append(lambda answer: headers.append(answer.headers))
    headers: list[httpx.Headers] = []
    browser.submit(page, **form)
    (cookie,) = (
        each
        for told in headers
        for each in told.get_list("Set-Cookie")
        if each.startswith("__Host-authly_device=")
    )
    attributes = {part.strip().lower() for part in cookie.split(";")[1:]}
    assert {"httponly", "secure", "samesite=lax", "path=/"} <= attributes
    assert person not in cookie


def test_signing_in_by_a_device_code_is_throttled_too(
    instance: Instance, person: str, network: int
) -> None:
    browser = browser_at(instance, f"203.0.{network}.1")
    for _ in range(AT_ONCE):
        page = browser.sign_in(browser.client.get("/device"), person, "wrong")
        assert page.status_code == 400
    page = browser.sign_in(browser.client.get("/device"), person, PASSWORD)
    assert page.status_code == 429
    assert has_form(page, "login-form")


def test_throttling_can_be_switched_off(database_url: str) -> None:
    with throwaway_instance.running(database_url, LOGIN_THROTTLE_ENABLED="false") as instance:
        assert failures(instance, instance.browser(), "ada@example.org", most=12) == 12
