"""Administrators take a second factor from who has lost it, and learn nothing of it."""

import pytest
from tests.server.http import administering, peopling, second_factors
from tests.server.http.administering import Desk

from throwaway.browser import has_form
from throwaway.instance import problem
from throwaway.registration import PASSWORD
from throwaway.smtp import Mailbox


@pytest.fixture(scope="module")
def settings(box: Mailbox) -> dict[str, str]:
    return administering.SETTINGS | box.settings


def test_who_has_lost_a_second_factor_signs_in_by_the_password_again(
    desk: Desk, box: Mailbox
) -> None:
    enrolled = second_factors.enrol(desk.instance)
    box.next_to(enrolled.email)
    (person,) = desk.get("/users", params={"login": enrolled.email}).json()["items"]
    path = f"/users/{person['id']}"
    assert person["has_second_factor"] is True
    browser = desk.instance.browser()
    page = browser.sign_in(browser.authorize(desk.instance.shop), enrolled.email, PASSWORD)
    assert not has_form(page, "consent-form")
    assert desk.ask("DELETE", f"{path}/second-factor").status_code == 204
    assert desk.get(path).json() == person | {"has_second_factor": False}
    page = browser.sign_in(browser.authorize(desk.instance.shop), enrolled.email, PASSWORD)
    assert has_form(page, "consent-form")
    box.next_to(enrolled.email)
    by = peopling.recorded(desk, "second_factor_removed", person["id"])["by"]
    assert by["client_id"] == "console"
    assert problem(desk.ask("DELETE", f"{path}/second-factor")) == (404, "invalid_request")


def test_a_change_tells_of_the_second_factor_and_leaves_it(desk: Desk) -> None:
    enrolled = second_factors.enrol(desk.instance)
    (person,) = desk.get("/users", params={"login": enrolled.email}).json()["items"]
    changed = desk.change(f"/users/{person['id']}", {"is_verified": not person["is_verified"]})
    assert changed.json()["has_second_factor"] is True
    for secret in (*enrolled.recovery_codes, enrolled.app.key.hex()):
        assert secret not in changed.text
