"""Whatever comes to the administrators' API: told by name, nothing changed, and never a failure."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings as examples, strategies as st
from tests.server.http import administering
from tests.server.http.administering import Desk

from authly_server.web.admin.operation import Operation
from authly_server.web.admin.table import OPERATIONS
from throwaway.instance import problem


@pytest.fixture(scope="module")
def settings() -> dict[str, str]:
    return administering.SETTINGS


PATHS = tuple(dict.fromkeys(each.path for each in OPERATIONS))
LISTS = tuple(each.path for each in OPERATIONS if each.is_list and "{" not in each.path)
CHANGES = tuple(each for each in OPERATIONS if each.takes is not None)
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND")
QUIET = examples(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
NAMES = ("shop", "%00", "%FF", "1", "' OR 1=1 --", "{}", "0" * 300, "[object Object]", "../keys")
JSON = "application/json"
ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(codec=None)),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)


@pytest.fixture(scope="module", autouse=True)
def _left(desk: Desk) -> None:
    """A client that may be changed."""
    desk.apply_console("left")
    desk.instance.execute("UPDATE authly.clients SET owner = NULL WHERE client_id = 'left'")


def assert_quiet(desk: Desk) -> None:
    """Nothing is in the log that somebody would have to look into."""
    assert "Traceback" not in desk.instance.server.log.read_text()
    assert not [each for each in desk.instance.server.records() if each["level"] == "error"]


def assert_unchanged(desk: Desk, before: object) -> None:
    assert desk.get("/clients/left").json() == before
    assert desk.get("/audit", params={"client_id": "left", "event": "client_disabled"}).json() == {
        "items": []
    }


@pytest.mark.parametrize("path", LISTS)
@pytest.mark.parametrize(
    "query",
    [
        *("limit=0", "limit=-1", "limit=201", "limit=1000000000", "limit=1e2", "limit=0x5"),
        *("limit=%D9%A3", "limit=NaN", "limit=5&limit=6", "limit=[]", "limit=5;DROP", "limit=%00"),
        *("after=x", "after=%FF", "after=YQ%3D%3D", "after='--", "after=" + "A" * 5000, "after=%"),
        *("order_by=client_id;DROP TABLE authly.users", "order_by=id", "sort=-id", "offset=10"),
        *("page=2", "limit[]=5", "Limit=5", "fields=password_hash", "q=%25", "a=b", "resource=a"),
    ],
)
def test_what_no_list_takes_is_refused_by_its_name(desk: Desk, path: str, query: str) -> None:
    answer = desk.get(f"{path}?{query}")
    assert problem(answer) == (400, "invalid_request")
    name = query.partition("=")[0]
    assert name in answer.json()["error_description"] or "%" in query


def test_what_is_no_list_takes_no_query_at_all(desk: Desk) -> None:
    for path in ("/clients/shop", "/openapi.json"):
        for query in ("limit=5", "after=YQ", "event=a"):
            assert problem(desk.get(f"{path}?{query}")) == (400, "invalid_request")


BODIES: dict[str, tuple[bytes, str]] = {
    "nothing": (b"", JSON),
    "no JSON": (b"enabled=false", JSON),
    "a list": (b'[{"enabled": false}]', JSON),
    "a text": (b'"enabled"', JSON),
    "null": (b"null", JSON),
    "no member": (b"{}", JSON),
    "an unknown member": (b'{"enabled": false, "managed_by": null}', JSON),
    "another's member": (b'{"enabled": false, "is_admin": true}', JSON),
    "a member of the row": (b'{"enabled": false, "scopes": ["admin"]}', JSON),
    "the key": (b'{"enabled": false, "client_id": "shop"}', JSON),
    "prototype": (b'{"enabled": false, "__proto__": {"enabled": false}}', JSON),
    "another case": (b'{"Enabled": false}', JSON),
    "a member twice": (b'{"enabled": true, "enabled": false}', JSON),
    "a text for a truth": (b'{"enabled": "false"}', JSON),
    "a number for a truth": (b'{"enabled": 0}', JSON),
    "null for a truth": (b'{"enabled": null}', JSON),
    "a list for a truth": (b'{"enabled": [false]}', JSON),
    "NaN": (b'{"enabled": NaN}', JSON),
    "a number without end": (b'{"enabled": 1' + b"0" * 5000 + b"}", JSON),
    "depth": (b'{"enabled": ' + b"[" * 20_000, JSON),
    "NUL": (b'{"enabled": false, "a": "\\u0000"}', JSON),
    "a lone surrogate": (b'{"enabled": false, "\\ud800": 1}', JSON),
    "no UTF-8": (b'{"enabled": false, "a": "\xff"}', JSON),
    "a mark of UTF-16": ('{"enabled": false}'.encode("utf-16"), JSON),
    "a mark of UTF-8": (b'\xef\xbb\xbf{"enabled": false}', JSON),
    "two objects": (b'{"enabled": false}{"enabled": false}', JSON),
    "a comment": (b'{"enabled": false /* */}', JSON),
    "a form": (b"enabled=false", "application/x-www-form-urlencoded"),
    "a merge patch": (b'{"enabled": false}', "application/merge-patch+json"),
    "a JSON patch": (b'[{"op": "replace"}]', "application/json-patch+json"),
    "no type": (b'{"enabled": false}', ""),
    "another charset": (b'{"enabled": false}', "application/json; charset=utf-16"),
}


@pytest.mark.parametrize("name", BODIES)
def test_a_body_that_asks_for_anything_else_changes_nothing(desk: Desk, name: str) -> None:
    before = desk.get("/clients/left")
    body, kind = BODIES[name]
    headers = {"If-Match": before.headers["ETag"]} | ({"Content-Type": kind} if kind else {})
    answer = desk.ask("PATCH", "/clients/left", content=body, headers=headers)
    assert problem(answer) == (400, "invalid_request")
    assert_unchanged(desk, before.json())
    assert_quiet(desk)


@pytest.mark.parametrize(
    ("member", "said"),
    [
        ({"managed_by": None}, "managed_by: Extra inputs are not permitted"),
        ({"enabled": "no"}, "enabled: Input should be a valid boolean"),
        ({}, "enabled: Field required"),
    ],
)
def test_the_member_that_is_wrong_is_named_and_not_what_was_sent(
    desk: Desk, member: dict[str, Any], said: str
) -> None:
    answer = desk.change("/clients/left", member | {"canary": "canary-value"})
    told = answer.json()["error_description"]
    assert said in told
    assert "canary-value" not in answer.text


def test_a_body_of_more_than_64_kilobytes_is_too_long(desk: Desk) -> None:
    content = json.dumps({"enabled": False, "a": "b" * 70_000}).encode()
    headers = {"If-Match": desk.get("/clients/left").headers["ETag"], "Content-Type": JSON}
    answer = desk.ask("PATCH", "/clients/left", content=content, headers=headers)
    assert problem(answer) == (413, "invalid_request")


def test_a_compressed_body_is_refused_unread(desk: Desk) -> None:
    headers = {"If-Match": '"1"', "Content-Type": JSON, "Content-Encoding": "gzip"}
    answer = desk.ask("PATCH", "/clients/left", content=b"\x1f\x8b" * 20, headers=headers)
    assert problem(answer) == (400, "invalid_request")


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("name", NAMES)
def test_no_method_and_no_name_makes_it_fail(desk: Desk, path: str, name: str) -> None:
    place = "/".join(name if part.startswith("{") else part for part in path.split("/"))
    for method in METHODS:
        for body in (b"", b"{}", b"[" * 3000, b"\xff"):
            headers = {"Content-Type": JSON, "If-Match": '"1", W/"\xff"'.encode("latin-1")}
            answer = desk.ask(method, place, content=body, headers=headers)
            assert answer.status_code < 500
    assert_quiet(desk)


@QUIET
@given(st.sampled_from(CHANGES), ANY_JSON, st.just('"1"') | st.text('"W/01289,* ', max_size=30))
def test_no_json_and_no_version_makes_a_change_fail(
    desk: Desk, operation: Operation, value: Any, version: str
) -> None:
    assert operation.takes is not None
    names = operation.takes.model_fields
    members = value if isinstance(value, dict) else dict.fromkeys(names, value)
    place = "/".join("left" if part.startswith("{") else part for part in operation.path.split("/"))
    headers = {"If-Match": version.strip(), "Content-Type": JSON}
    content = json.dumps(members).encode()
    answer = desk.ask(operation.method, place, content=content, headers=headers)
    assert 400 <= answer.status_code < 500
    assert "Traceback" not in answer.text


def test_no_token_is_in_the_log_of_who_asks_and_is_refused(desk: Desk) -> None:
    desk.get("/clients/nobody")
    desk.get("/clients?order_by=canary-in-the-query")
    log = desk.instance.server.log.read_text()
    assert desk.token not in log
    assert "canary-in-the-query" not in log
