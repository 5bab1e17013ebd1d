"""L17: people as administrators list, make and delete them; test_admin_changes.py changes them."""

import json
from typing import Any
from uuid import uuid4

import pytest
from tests.server.http import administering, peopling
from tests.server.http.administering import Desk
from tests.server.http.peopling import PASSWORD

from throwaway import registration
from throwaway.instance import problem


MEMBERS = {
    *("id", "email", "username", "is_verified", "is_admin", "enabled", "created_at", "updated_at"),
    *("is_bootstrapped", "has_second_factor"),
}


@pytest.fixture(scope="module")
def settings() -> dict[str, str]:
    return administering.SETTINGS


@pytest.fixture
def person(desk: Desk) -> dict[str, Any]:
    return peopling.make(desk)


def test_who_was_made_is_told_found_and_signs_in(desk: Desk) -> None:
    email = f"New.{uuid4().hex}@example.org"
    answer = desk.ask("POST", "/users", json={"email": email, "password": PASSWORD})
    assert answer.status_code == 201
    told = answer.json()
    assert set(told) == MEMBERS
    flags = {name: told[name] for name in ("is_verified", "is_admin", "enabled")}
    assert flags == {"is_verified": False, "is_admin": False, "enabled": True}
    assert (told["email"], told["username"]) == (email, email)
    assert answer.headers["Location"] == f"/admin/v1/users/{told['id']}"
    found = desk.get(f"/users/{told['id']}")
    assert found.json() == told
    assert found.headers["ETag"] == answer.headers["ETag"]
    assert desk.get("/users", params={"login": email.upper()}).json() == {"items": [told]}
    assert peopling.signs_in(desk, email)
    by = desk.get("/users", params={"login": registration.EMAIL}).json()["items"][0]["id"]
    detail = {"by": {"client_id": "console", "user_id": by}}
    assert peopling.recorded(desk, "user_created", told["id"]) == detail


def test_without_a_password_nobody_signs_in(desk: Desk) -> None:
    made = desk.ask("POST", "/users", json={"email": f"{uuid4().hex}@example.org"}).json()
    for password in ("!", PASSWORD):
        assert not peopling.signs_in(desk, made["email"], password)


def test_a_client_that_acts_for_itself_is_the_one_in_the_audit_log(desk: Desk) -> None:
    token = desk.token_of(desk.console)
    made = desk.ask("POST", "/users", token, json={"email": f"{uuid4().hex}@example.org"}).json()
    assert peopling.recorded(desk, "user_created", made["id"]) == {"by": {"client_id": "console"}}


def test_nothing_that_is_told_or_kept_of_a_change_has_a_password_in_it(desk: Desk) -> None:
    secret = f"a secret that is {uuid4().hex}"
    answers = [
        desk.ask("POST", "/users", json={"email": f"{uuid4().hex}@example.org", "password": secret})
    ]
    path = f"/users/{answers[0].json()['id']}"
    answers += [
        desk.get(path),
        desk.get("/users"),
        desk.change(path, {"username": f"n{uuid4().hex}"}),
        desk.ask("PUT", f"{path}/password", json={"password": secret}),
        desk.ask("PUT", f"{path}/password", json={"password": secret, "more": secret}),
        desk.ask("PUT", f"{path}/password", json={"password": [secret]}),
        desk.ask("PUT", f"{path}/password", json={"password": secret + "\x07"}),
        desk.ask("POST", "/users", json={"email": "no address", "password": secret}),
    ]
    assert [each.status_code for each in answers] == [201, 200, 200, 200, 204, 400, 400, 400, 400]
    hashed = desk.instance.fetch("SELECT password_hash FROM authly.users WHERE id = %s", path[7:])
    audit = desk.instance.fetch("SELECT string_agg(a::text, '') FROM authly.audit_log AS a")
    log = desk.instance.server.log.read_text()
    for text in (*(each.text for each in answers), audit, log):
        assert secret not in text
        assert hashed not in text
        assert "$2b$" not in text


@pytest.mark.parametrize(
    "login", ["nobody@example.org", "' OR 1=1 --", "x" * 255, "%", "null", "\ufdfa"]
)
def test_a_name_that_nobody_has_finds_nobody(desk: Desk, login: str) -> None:
    assert desk.get("/users", params={"login": login}).json() == {"items": []}


def test_a_list_is_walked_through_in_parts_without_missing_anybody(desk: Desk) -> None:
    made = {peopling.make(desk)["id"] for _ in range(5)}
    parts = desk.pages("/users", 2)
    ids = [each["id"] for part in parts for each in part]
    assert all(len(part) == 2 for part in parts[:-1])
    assert ids == sorted(set(ids))
    assert made <= set(ids)
    assert set(parts[0][0]) == MEMBERS


@pytest.mark.parametrize(
    "query",
    [
        *("limit=0", "limit=201", "limit=1000000000", "limit=-1", "limit=1e2", "limit=9" * 40),
        *("limit=%31%00", "limit=\u0661", "limit=1&limit=2", "limit[]=1", "limit=", "limit=1.0"),
        *("after=", "after=x", "after=%00", "after=" + "A" * 3000, "after=bm90IGFuIGlk"),
        *(
            "order_by=email",
            "order_by=1;DROP%20TABLE%20users",
            "sort=email",
            "fields=password_hash",
        ),
        *("offset=1", "page=9223372036854775808", "LIMIT=1", "email=a%40b", "is_admin=true"),
        *("login=", "login=%00", "login=" + "x" * 256, "login=a&login=b", "login=a%0Ab"),
    ],
)
def test_a_query_that_is_not_in_the_table_is_refused_and_lists_nobody(
    desk: Desk, query: str
) -> None:
    answer = desk.get(f"/users?{query}")
    if query in {"limit=", "after=", "login="}:  # RFC 6749 section 3.1: as if it were left out
        assert answer.status_code == 200
        return
    assert problem(answer) == (400, "invalid_request")
    assert registration.EMAIL not in answer.text


@pytest.mark.parametrize(
    "name",
    [
        *("1", "0", "-1", "null", "undefined", "me", "*", "..%2f..", "%00", "true", "[]", "{}"),
        *("00000000-0000-0000-0000-000000000000", "9" * 400, "'%20OR%201=1", "%25", "\u0661"),
    ],
)
@pytest.mark.parametrize("below", ["", "/sessions", "/grants"])
def test_what_is_no_id_is_not_there(desk: Desk, name: str, below: str) -> None:
    assert problem(desk.get(f"/users/{name}{below}")) == (404, "invalid_request")


def test_an_id_has_one_way_to_be_written(desk: Desk, person: dict[str, Any]) -> None:
    plain = person["id"]
    for name in (plain.upper(), f"{{{plain}}}", plain.replace("-", ""), f"urn:uuid:{plain}"):
        if name == plain:
            continue
        assert problem(desk.get(f"/users/{name}")) == (404, "invalid_request")
    assert desk.get(f"/users/{plain}").status_code == 200


@pytest.mark.parametrize("member", ["email", "username"])
def test_a_name_that_is_read_as_somebody_elses_is_taken(
    desk: Desk, person: dict[str, Any], member: str
) -> None:
    other = peopling.make(desk, username=f"n{uuid4().hex}")
    taken = {member: other[member].upper()}
    answer = desk.change(f"/users/{person['id']}", taken)
    assert problem(answer) == (409, "invalid_request")
    assert member in answer.text
    assert other["id"] not in answer.text
    made = {"email": f"{uuid4().hex}@example.org"} | taken
    assert problem(desk.ask("POST", "/users", json=made)) == (409, "invalid_request")
    assert desk.get(f"/users/{person['id']}").json() == person


def test_of_many_who_are_made_by_one_name_at_once_there_is_one(desk: Desk) -> None:
    members = {"email": f"{uuid4().hex}@example.org"}
    calls = [peopling.asking(desk, "POST", "/users", members) for _ in range(6)]
    assert peopling.at_once(calls) == [201, *[409] * 5]


@pytest.mark.parametrize(
    ("method", "below", "body"),
    [
        ("GET", "", None),
        ("PATCH", "", {"enabled": False}),
        ("DELETE", "", None),
        ("PUT", "/password", {"password": PASSWORD}),
        ("DELETE", "/second-factor", None),
        ("GET", "/sessions", None),
        ("DELETE", "/sessions", None),
        ("GET", "/grants", None),
        ("DELETE", "/grants", None),
    ],
)
def test_whoever_was_deleted_is_not_there(
    desk: Desk, person: dict[str, Any], method: str, below: str, body: object
) -> None:
    path = f"/users/{person['id']}"
    etag = desk.get(path).headers["ETag"]
    assert desk.ask("DELETE", path).status_code == 204
    content: dict[str, Any] = {} if body is None else {"json": body}
    headers = {"If-Match": etag} if method == "PATCH" else {}
    answer = desk.ask(method, path + below, headers=headers, **content)
    assert problem(answer) == (404, "invalid_request")
    by = peopling.recorded(desk, "user_deleted", person["id"])["by"]
    assert set(by) == {"client_id", "user_id"}


def test_nobody_without_a_token_changes_anything(desk: Desk, person: dict[str, Any]) -> None:
    path = f"/users/{person['id']}"
    etag = desk.get(path).headers["ETag"]
    for method, below, body in (
        ("POST", "", {"email": "x@example.org"}),
        ("PATCH", path, {"is_admin": True}),
        ("PUT", f"{path}/password", {"password": PASSWORD}),
        ("DELETE", path, None),
        ("DELETE", f"{path}/sessions", None),
        ("DELETE", f"{path}/grants", None),
        ("GET", path, None),
    ):
        url = f"/admin/v1{below or '/users'}"
        answer = desk.http.request(
            method, url, content=json.dumps(body), headers={"If-Match": etag}
        )
        assert answer.status_code == 401
        assert answer.content == b""
    assert desk.get(path).json() == person
