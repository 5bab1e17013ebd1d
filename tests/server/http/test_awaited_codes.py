"""What a browser keeps between password and code: for how long, and of which servers."""

import contextlib
import os
from collections.abc import Iterator

import pytest
from tests.server.http import second_factors
from tests.server.http.second_factors import Enrolled
from tests.server.http.test_skewed_clocks import OWN, replica

from throwaway import server as throwaway_server
from throwaway.browser import has_form
from throwaway.instance import Instance


@pytest.fixture
def person(instance: Instance) -> Enrolled:
    return second_factors.enrol(instance)


@pytest.fixture(scope="module")
def later(instance: Instance, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Instance]:
    """The same server, eleven minutes later."""
    server = replica(instance, tmp_path_factory.mktemp("clocks") / "later", 11 * 60)
    with contextlib.closing(Instance(instance.database_url, server, instance.shop)) as started:
        yield started


@pytest.fixture(scope="module")
def stranger(instance: Instance) -> Iterator[Instance]:
    """One more process at the same database, which has got another SECRET_KEY."""
    shared = {name: value for name, value in instance.server.environ.items() if name not in OWN}
    server = throwaway_server.create(
        instance.database_url, tls=False, start=True, **shared | {"SECRET_KEY": "x" * 40}
    )
    with contextlib.closing(Instance(instance.database_url, server, instance.shop)) as started:
        yield started


def test_a_code_has_to_come_within_ten_minutes(
    instance: Instance, later: Instance, person: Enrolled
) -> None:
    browser, page = second_factors.begin(instance, person)
    late = later.browser()
    late.cookies = dict(browser.cookies)
    answer = late.submit(page, code=person.app.code(22))
    assert answer.status_code == 400
    assert "sign in again" in answer.text
    assert second_factors.signs_in(browser, page, person.app.code())


def test_with_another_secret_key_recovery_codes_are_good_and_others_are_not(
    stranger: Instance, person: Enrolled
) -> None:
    browser, page = second_factors.begin(stranger, person)
    assert has_form(page, "second-factor-form")
    assert not second_factors.signs_in(browser, page, person.app.code())
    assert second_factors.signs_in(browser, page, person.recovery_codes[0])


def test_no_request_is_too_long_only_for_who_has_a_second_factor(
    instance: Instance, person: Enrolled
) -> None:
    def admits(length: int) -> bool:
        page = instance.browser().authorize(instance.shop, state=random[:length])
        return has_form(page, "login-form")

    random = os.urandom(4096).hex()
    fits, too_long = 1000, len(random)
    assert admits(fits)
    assert not admits(too_long)
    while too_long - fits > 1:
        middle = (fits + too_long) // 2
        fits, too_long = (middle, too_long) if admits(middle) else (fits, middle)
    browser, page = second_factors.begin(instance, person, state=random[:fits])
    assert has_form(page, "second-factor-form")
    longest = max(
        f"{name}={value}; Max-Age=1800; Path=/; Secure; HttpOnly; SameSite=Lax"
        for name, value in browser.cookies.items()
    )
    assert len(longest) <= 4096
    answer = browser.submit(page, code=person.app.code())
    assert has_form(answer, "consent-form")
