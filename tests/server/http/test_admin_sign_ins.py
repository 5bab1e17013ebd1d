"""People's passwords, sessions and grants in the hands of administrators, and who hears of it."""

import time
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs
from uuid import uuid4

import jwt
import pytest
from tests.server.http import administering
from tests.server.http.administering import Desk

from throwaway import openid
from throwaway.browser import Browser, has_form, told
from throwaway.instance import problem
from throwaway.publisher import Publisher
from throwaway.registration import RegisteredClient
from throwaway.smtp import Mailbox


PASSWORD, NEW = "four words in a row", "five other words in another"


@pytest.fixture(scope="module")
def settings(reaching: dict[str, str], box: Mailbox) -> dict[str, str]:
    return (
        administering.SETTINGS | box.settings | reaching  # its authority is good for both
    )


@pytest.fixture
def shop(desk: Desk, host: Publisher) -> RegisteredClient:
    """A client that people sign in to, and that wants to be told when they are signed out."""
    name = f"shop-{uuid4().hex}"
    uri = host.publish(f"/{name}", b"", status="200 OK")
    return openid.apply_client(desk.instance, name, backchannel_logout_uri=uri)


class Person:
    """Somebody who has signed in to a shop, with the tokens that it got."""

    def __init__(self, desk: Desk, shop: RegisteredClient) -> None:
        self.desk, self.shop = desk, shop
        self.email = f"{uuid4().hex}@example.org"
        members = {"email": self.email, "password": PASSWORD}
        made = desk.ask("POST", "/users", json=members).raise_for_status().json()
        self.id: str = made["id"]
        self.path = f"/users/{self.id}"
        self.browser = desk.instance.browser()
        self.tokens = self.sign_in(self.browser)

    def sign_in(self, browser: Browser, password: str = PASSWORD) -> dict[str, Any]:
        """The tokens that the shop gets."""
        page = browser.authorize(self.shop, scope="openid read")
        page = browser.sign_in(page, self.email, password)
        if has_form(page, "consent-form"):
            page = browser.submit(page, decision="allow")
        answer = self.desk.instance.exchange(told(page)["code"], self.shop)
        issued: dict[str, Any] = answer.raise_for_status().json()
        return issued

    @property
    def has_access(self) -> tuple[bool, bool, bool]:
        """Whether the browser is signed in, the access token is good, and the refresh token is."""
        instance = self.desk.instance
        refreshed = instance.refresh(self.tokens["refresh_token"], self.shop)
        if refreshed.status_code == 200:
            self.tokens = refreshed.json()
        return (
            openid.is_signed_in(self.browser, self.shop),
            instance.is_active(self.tokens["access_token"], self.shop),
            refreshed.status_code == 200,
        )

    def list(self, what: str) -> list[Any]:
        return [each for part in self.desk.pages(f"{self.path}/{what}", 1) for each in part]


@pytest.fixture
def person(desk: Desk, shop: RegisteredClient) -> Person:
    made = Person(desk, shop)
    assert made.has_access == (True, True, True)
    return made


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 90
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def told_of(host: Publisher, person: Person) -> list[str]:
    """The sessions whose end the shop of a person was told of."""
    texts = [parse_qs(body.decode())["logout_token"][0] for body in host.bodies]
    claims = [jwt.decode(text, options={"verify_signature": False}) for text in texts]
    return [each["sid"] for each in claims if each["sub"] == person.id]


Act = Callable[[Person], int]


def delete(person: Person) -> int:
    return person.desk.ask("DELETE", person.path).status_code


def disable(person: Person) -> int:
    return person.desk.change(person.path, {"enabled": False}).status_code


def set_password(person: Person) -> int:
    body = {"password": NEW}
    return person.desk.ask("PUT", f"{person.path}/password", json=body).status_code


def end_sessions(person: Person) -> int:
    return person.desk.ask("DELETE", f"{person.path}/sessions").status_code


def end_session(person: Person) -> int:
    (session,) = person.list("sessions")
    return person.desk.ask("DELETE", f"/sessions/{session['id']}").status_code


@pytest.mark.parametrize(
    ("act", "status"),
    [(delete, 204), (disable, 200), (set_password, 204), (end_sessions, 204), (end_session, 204)],
)
def test_sessions_grants_and_tokens_end_at_once_and_clients_are_told(
    host: Publisher, person: Person, act: Act, status: int
) -> None:
    (session,) = person.list("sessions")
    assert act(person) == status
    assert person.has_access == (False, False, False)
    wait_for(lambda: told_of(host, person) == [session["id"]])


def test_whoever_is_enabled_again_begins_anew(desk: Desk, person: Person) -> None:
    disable(person)
    page = person.browser.authorize(person.shop)
    assert has_form(person.browser.sign_in(page, person.email, PASSWORD), "login-form")
    desk.change(person.path, {"enabled": True}).raise_for_status()
    assert person.has_access == (False, False, False)
    person.tokens = person.sign_in(person.browser)
    assert person.has_access == (True, True, True)


def test_another_change_lets_people_go_on(desk: Desk, person: Person) -> None:
    desk.change(person.path, {"is_verified": True}).raise_for_status()
    desk.change(person.path, {"username": f"n{uuid4().hex}"}).raise_for_status()
    assert person.has_access == (True, True, True)


def test_a_password_that_was_set_is_the_one_and_the_person_is_written_to(
    desk: Desk, box: Mailbox, person: Person
) -> None:
    assert set_password(person) == 204
    message = box.next_to(person.email)
    assert message["Subject"] == "Your password was changed"
    assert NEW not in message.get_content()
    browser = desk.instance.browser()
    page = browser.sign_in(browser.authorize(person.shop), person.email, PASSWORD)
    assert has_form(page, "login-form")
    person.tokens = person.sign_in(person.browser, NEW)
    assert person.has_access == (True, True, True)
    (recorded,) = [
        desk.instance.fetch(
            "SELECT detail FROM authly.audit_log WHERE event = 'password_changed' AND user_id = %s",
            person.id,
        )
    ]
    assert recorded["by"]["client_id"] == "console"


@pytest.mark.parametrize(
    ("password", "said"),
    [
        ("short one", "fewer than 12 characters"),
        ("ab" * 8, "same few"),
        ("p" * 1025, "password"),
        ("", "password"),
        ("with a \x07 bell in it", "control character"),
        (None, "password"),
        (12345678901234, "password"),
        (["four words in a row"], "password"),
    ],
)
def test_a_password_that_cannot_be_one_changes_nothing(
    desk: Desk, person: Person, password: object, said: str
) -> None:
    answer = desk.ask("PUT", f"{person.path}/password", json={"password": password})
    assert problem(answer) == (400, "invalid_request")
    assert said in answer.text
    assert person.has_access == (True, True, True)
    made = {"email": f"{uuid4().hex}@example.org", "password": password}
    if password is not None:
        assert problem(desk.ask("POST", "/users", json=made)) == (400, "invalid_request")


def test_ones_own_address_is_no_password(desk: Desk, person: Person) -> None:
    body = {"password": person.email.upper()}
    answer = desk.ask("PUT", f"{person.path}/password", json=body)
    assert problem(answer) == (400, "invalid_request")


def test_where_somebody_is_signed_in_is_told_without_what_signs_them_in(
    desk: Desk, person: Person
) -> None:
    other = desk.instance.browser()
    person.sign_in(other)
    found = person.list("sessions")
    members = {"id", "user_id", "authenticated_at", "expires_at", "acr"}
    assert [set(each) for each in found] == [members, members]
    assert {each["user_id"] for each in found} == {person.id}
    text = desk.get(f"{person.path}/sessions").text
    for browser in (person.browser, other):
        assert not [value for value in browser.client.cookies.values() if value in text]


def test_one_session_ends_and_the_other_goes_on(desk: Desk, person: Person) -> None:
    (own,) = person.list("sessions")
    other = desk.instance.browser()
    person.sign_in(other)
    assert desk.ask("DELETE", f"/sessions/{own['id']}").status_code == 204
    assert not openid.is_signed_in(person.browser, person.shop)
    assert openid.is_signed_in(other, person.shop)
    assert problem(desk.ask("DELETE", f"/sessions/{own['id']}")) == (404, "invalid_request")


@pytest.mark.parametrize("name", ["1", "null", "%00", "'", "x" * 2000])
def test_a_session_by_no_id_is_not_there(desk: Desk, name: str) -> None:
    assert problem(desk.ask("DELETE", f"/sessions/{name}")) == (404, "invalid_request")


def test_grants_are_told_without_any_token_and_revoked_with_all_of_them(
    desk: Desk, person: Person
) -> None:
    (grant, *_) = found = person.list("grants")
    assert set(grant) == {
        *("id", "client_id", "scopes", "resources", "session_id", "created_at"),
        "refreshable_until",
    }
    assert {each["client_id"] for each in found} == {person.shop.client_id}
    assert any(each["refreshable_until"] for each in found)
    text = desk.get(f"{person.path}/grants").text
    assert not [
        token for token in person.tokens.values() if str(token) in text and len(str(token)) > 20
    ]
    assert desk.ask("DELETE", f"{person.path}/grants").status_code == 204
    assert person.list("grants") == []
    assert person.has_access == (True, False, False)


def test_ending_what_one_person_has_leaves_everybody_else_alone(
    desk: Desk, shop: RegisteredClient, person: Person
) -> None:
    other = Person(desk, shop)
    for act in (end_sessions, set_password, disable, delete):
        act(other)
    assert person.has_access == (True, True, True)
