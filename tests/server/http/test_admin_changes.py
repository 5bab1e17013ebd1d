"""L17: how administrators change people: what is taken, of which version, never the last one."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

import pytest
from tests.server.http import administering, peopling
from tests.server.http.administering import Desk
from tests.server.http.peopling import PASSWORD

from throwaway import registration
from throwaway.browser import told
from throwaway.instance import problem


DEMOTE = "UPDATE authly.users SET is_admin = %s WHERE email = %s"
WRONG_FLAGS: tuple[object, ...] = (1, 0, "true", None, [], {}, 1.0)
WRONG_ADDRESSES: tuple[object, ...] = (
    *(1, None, True, [], {}, "", " ", "x", "a@", "@b", "a b@c", "a@b,c@d"),
    *("a@b\r\nBcc: c@d", "a\u202e@b", "a@" + "b" * 255),
)
WRONG_NAMES: tuple[object, ...] = (
    *("", " ", 7, None, "a\u200bb", "x" * 256, "\ufdfa" * 200),
    *("ada@example.org", "\uff20", "not@mine"),
)


@pytest.fixture(scope="module")
def settings() -> dict[str, str]:
    return administering.SETTINGS


@pytest.fixture
def person(desk: Desk) -> dict[str, Any]:
    return peopling.make(desk)


@pytest.mark.parametrize(
    "members",
    [
        {"id": str(uuid4())},
        {"password_hash": "$2b$10$x"},
        {"password": PASSWORD},
        {"email_folded": "x@example.org"},
        {"created_at": "2020-01-01T00:00:00Z"},
        {"updated_at": 0},
        {"__proto__": {"is_admin": True}},
        {"role": "admin"},
        {"isAdmin": True},
        {"is_admin": True, "sub": "x"},
    ],
)
def test_only_what_may_be_changed_is_taken_and_nothing_beside_it(
    desk: Desk, person: dict[str, Any], members: dict[str, Any]
) -> None:
    path = f"/users/{person['id']}"
    answer = desk.change(path, members)
    assert problem(answer) == (400, "invalid_request")
    assert (set(members) - {"is_admin"}).pop() in answer.text
    assert desk.get(path).json() == person


@pytest.mark.parametrize(
    "members",
    [
        *({"is_admin": value} for value in WRONG_FLAGS),
        *({"email": value} for value in WRONG_ADDRESSES),
        *({"username": value} for value in WRONG_NAMES),
        {"enabled": "false"},
        {"is_verified": 1},
    ],
    ids=repr,
)
def test_a_value_of_another_kind_changes_nothing(
    desk: Desk, person: dict[str, Any], members: dict[str, Any]
) -> None:
    path = f"/users/{person['id']}"
    answer = desk.change(path, members)
    assert problem(answer) == (400, "invalid_request")
    assert next(iter(members)) in answer.text
    assert desk.get(path).json() == person
    made = {"email": f"{uuid4().hex}@example.org"} | members
    if members != {"username": None}:  # one that is left out, where nobody is yet
        assert problem(desk.ask("POST", "/users", json=made)) == (400, "invalid_request")


@pytest.mark.parametrize(
    "body",
    [
        *(b"", b"[]", b"null", b'"x"', b"{", b"\xff", b"1", b'{"is_admin": true} x', b"{'a': 1}"),
        *(b'{"is_admin": false, "is_admin": true}', b'{"username": "a\\u0000b"}'),
        *(b'{"username": "\\ud800"}', b'{"username": NaN}', b"[" * 60_000, b'{"a":' * 10_000),
    ],
)
def test_a_body_with_more_meanings_than_one_changes_nothing(
    desk: Desk, person: dict[str, Any], body: bytes
) -> None:
    path = f"/users/{person['id']}"
    etag = desk.get(path).headers["ETag"]
    headers = {"If-Match": etag, "Content-Type": "application/json"}
    answer = desk.ask("PATCH", path, content=body, headers=headers)
    assert problem(answer) == (400, "invalid_request")
    assert "Traceback" not in answer.text
    assert desk.get(path).headers["ETag"] == etag


def test_a_change_is_told_and_is_another_version(desk: Desk, person: dict[str, Any]) -> None:
    path = f"/users/{person['id']}"
    before = desk.get(path)
    wanted = {"username": f"n{uuid4().hex}", "is_verified": True}
    answer = desk.change(path, wanted, before.headers["ETag"])
    assert answer.status_code == 200
    assert answer.json() == person | wanted | {"updated_at": answer.json()["updated_at"]}
    after = desk.get(path)
    assert after.json() == answer.json()
    assert after.headers["ETag"] == answer.headers["ETag"] != before.headers["ETag"]
    assert peopling.recorded(desk, "user_changed", person["id"])["changed"] == [
        "username",
        "is_verified",
    ]


def test_a_change_to_what_is_there_writes_nothing(desk: Desk, person: dict[str, Any]) -> None:
    path = f"/users/{person['id']}"
    for members in ({}, {"enabled": True, "email": person["email"]}):
        assert desk.change(path, members).json() == person
    assert peopling.recorded(desk, "user_changed", person["id"]) is None


def test_a_username_that_is_the_address_goes_with_it_and_a_new_address_is_not_verified(
    desk: Desk, person: dict[str, Any]
) -> None:
    path = f"/users/{person['id']}"
    desk.change(path, {"is_verified": True}).raise_for_status()
    email = f"{uuid4().hex}@example.org"
    told = desk.change(path, {"email": email}).json()
    assert (told["email"], told["username"], told["is_verified"]) == (email, email, False)
    assert peopling.signs_in(desk, email)
    assert not peopling.signs_in(desk, person["email"])
    spelled = desk.change(path, {"email": email.upper(), "is_verified": True}).json()
    assert (spelled["username"], spelled["is_verified"]) == (email, True)
    again = desk.change(path, {"email": f"x{email}", "is_verified": True}).json()
    assert again["is_verified"] is True


@pytest.mark.parametrize(
    ("etag", "status"),
    [
        *((None, 428), ("*", 428), ('"0"', 412), ('"x"', 412), ("0", 412), ('W/"0"', 412)),
        *(("", 412), ('"' + "9" * 2000 + '"', 400), ('"-1"', 412), ('"9" "9"', 412)),
    ],
)
def test_a_change_names_the_version_that_was_looked_at(
    desk: Desk, person: dict[str, Any], etag: str | None, status: int
) -> None:
    path = f"/users/{person['id']}"
    headers = {} if etag is None else {"If-Match": etag}
    answer = desk.ask("PATCH", path, json={"is_admin": True}, headers=headers)
    assert problem(answer) == (status, "invalid_request")
    assert desk.get(path).json() == person


def test_a_weak_tag_of_the_right_version_is_not_it_and_one_of_several_may_be(
    desk: Desk, person: dict[str, Any]
) -> None:
    path = f"/users/{person['id']}"
    etag = desk.get(path).headers["ETag"]
    assert desk.change(path, {"is_verified": True}, f"W/{etag}").status_code == 412
    assert desk.change(path, {"is_verified": True}, f'"1", {etag}').status_code == 200


def test_a_version_is_not_passed_over_where_nothing_depends_on_it(
    desk: Desk, person: dict[str, Any]
) -> None:
    path = f"/users/{person['id']}"
    headers = {"If-Match": desk.get(path).headers["ETag"]}
    for method, below in (("DELETE", ""), ("DELETE", "/sessions"), ("GET", "")):
        answer = desk.ask(method, path + below, headers=headers)
        assert problem(answer) == (400, "invalid_request")
        assert "If-Match" in answer.text
    assert desk.get(path).json() == person


def test_of_changes_of_one_version_at_once_one_is_made(desk: Desk, person: dict[str, Any]) -> None:
    path = f"/users/{person['id']}"
    for _ in range(3):
        etag = desk.get(path).headers["ETag"]
        names = [{"username": f"n{uuid4().hex}"} for _ in range(6)]
        calls = [peopling.asking(desk, "PATCH", path, name, etag=etag) for name in names]
        assert peopling.at_once(calls) == [200, *[412] * 5]


@contextmanager
def second(desk: Desk) -> Iterator[dict[str, Any]]:
    """Another administrator, as long as the block lasts."""
    made = peopling.make(desk, is_admin=True)
    try:
        yield made
    finally:
        desk.instance.execute("DELETE FROM authly.users WHERE id = %s", made["id"])


def first(desk: Desk) -> str:
    """The path of the administrator that all else is asked by."""
    found = desk.get("/users", params={"login": registration.EMAIL}).json()["items"]
    return f"/users/{found[0]['id']}"


@pytest.mark.parametrize("members", [{"is_admin": False}, {"enabled": False}])
def test_the_last_administrator_cannot_go(desk: Desk, members: dict[str, bool]) -> None:
    path = first(desk)
    before = desk.get(path).json()
    answer = desk.change(path, members)
    assert problem(answer) == (409, "invalid_request")
    assert "last administrator" in answer.text
    assert desk.get(path).json() == before
    with second(desk) as other:
        desk.instance.execute(DEMOTE, False, registration.EMAIL)
        try:
            token = desk.token_of(desk.console)
            by_itself = desk.ask("DELETE", f"/users/{other['id']}", token)
        finally:
            desk.instance.execute(DEMOTE, True, registration.EMAIL)
        assert problem(by_itself) == (409, "invalid_request")
        assert desk.get(f"/users/{other['id']}").json() == other


def test_the_account_that_each_migration_sees_to_keeps_what_it_would_get_again(
    desk: Desk,
) -> None:
    path = first(desk)
    assert desk.get(path).json()["is_bootstrapped"] is True
    with second(desk):
        refused = [
            desk.change(path, {"email": "other@example.org"}),
            desk.ask("PUT", f"{path}/password", json={"password": PASSWORD}),
            desk.ask("DELETE", path),
        ]
        for answer in refused:
            assert problem(answer) == (409, "invalid_request")
            assert "ADMIN_EMAIL" in answer.text
        changed = desk.change(path, {"email": registration.EMAIL.upper()}).json()
        assert changed["email"] == registration.EMAIL.upper()
        desk.change(path, {"email": registration.EMAIL, "is_verified": True}).raise_for_status()
        assert peopling.signs_in(desk, registration.EMAIL, registration.PASSWORD)


def test_one_that_is_no_administrator_any_more_may_have_another_password(desk: Desk) -> None:
    """A migration leaves it alone then."""
    path, token = first(desk), desk.token_of(desk.console)
    desk.instance.execute(DEMOTE, False, registration.EMAIL)
    try:
        body = {"password": registration.PASSWORD}
        assert desk.ask("PUT", f"{path}/password", token, json=body).status_code == 204
    finally:
        desk.instance.execute(DEMOTE, True, registration.EMAIL)
        del desk.token  # it has ended with all others


def test_administrators_who_demote_each_other_at_once_leave_one(desk: Desk) -> None:
    """By a client's own token, so that whoever is first does not stop the others by it."""
    token = desk.token_of(desk.console)
    for _ in range(4):
        with second(desk) as other:
            calls = [
                peopling.asking(
                    *(desk, "PATCH", path, {"is_admin": False}),
                    etag=desk.get(path, token).headers["ETag"],
                    token=token,
                )
                for path in (first(desk), f"/users/{other['id']}")
            ]
            statuses = peopling.at_once(calls)
            count = "SELECT count(*) FROM authly.users WHERE is_admin AND enabled"
            left = desk.instance.fetch(count)
            desk.instance.execute(DEMOTE, True, registration.EMAIL)
            assert (statuses, left) == ([200, 409], 1)


def test_an_administrator_who_was_made_here_administers_until_demoted(desk: Desk) -> None:
    with second(desk) as other:
        browser = desk.instance.browser()
        page = browser.authorize(desk.console, scope="admin")
        page = browser.sign_in(page, other["email"], PASSWORD)
        code = told(browser.submit(page, decision="allow"))["code"]
        token = desk.instance.exchange(code, desk.console).json()["access_token"]
        assert desk.get("/users", token).status_code == 200
        desk.change(f"/users/{other['id']}", {"is_admin": False}).raise_for_status()
        assert problem(desk.get("/users", token)) == (403, "insufficient_scope")
        desk.change(f"/users/{other['id']}", {"is_admin": True}).raise_for_status()
        assert desk.get("/users", token).status_code == 200
        desk.ask("DELETE", f"/users/{other['id']}").raise_for_status()
        assert problem(desk.get("/users", token)) == (401, "invalid_token")
