"""What administrators read of the audit log."""

import uuid
from typing import Any

import pytest
from tests.server.http import administering
from tests.server.http.administering import Desk

from authly_server.protocol import page
from throwaway.instance import problem


@pytest.fixture(scope="module")
def settings() -> dict[str, str]:
    return administering.SETTINGS


ADA, BOB = str(uuid.UUID(int=1)), str(uuid.UUID(int=2))
WRITTEN = [
    ("signed_up", "shop", ADA),
    ("signed_up", "shop", BOB),
    ("left", None, ADA),
    ("restored", None, None),
    ("left", "mail", BOB),
]


@pytest.fixture(scope="module", autouse=True)
def _entries(desk: Desk) -> None:
    for event, client_id, user_id in WRITTEN:
        desk.instance.execute(
            "INSERT INTO authly.audit_log (event, client_id, user_id, grant_id, detail)"
            " VALUES (%s, %s, %s, %s, '{\"a\": [1]}')",
            *(event, client_id, user_id, user_id),
        )


def told(desk: Desk, limit: int = 200, **filters: str) -> list[dict[str, Any]]:
    return [each for part in desk.pages("/audit", limit, **filters) for each in part]


def test_the_youngest_entry_is_the_first_one_with_all_that_is_known(desk: Desk) -> None:
    entry = told(desk)[0]
    assert isinstance(entry.pop("id"), int)
    assert entry.pop("occurred_at").endswith("Z")
    assert entry == {
        "event": "left",
        "client_id": "mail",
        "user_id": BOB,
        "grant_id": BOB,
        "detail": {"a": [1]},
    }


@pytest.mark.parametrize("limit", [1, 2, 200])
def test_every_entry_is_told_once_whatever_the_parts(desk: Desk, limit: int) -> None:
    ids = [each["id"] for each in told(desk, limit)]
    assert ids == sorted(set(ids), reverse=True)
    assert len(ids) == desk.instance.fetch("SELECT count(*) FROM authly.audit_log")


@pytest.mark.parametrize(
    ("filters", "count"),
    [
        ({"event": "signed_up"}, 2),
        ({"user_id": ADA}, 2),
        ({"client_id": "mail"}, 1),
        ({"event": "left", "user_id": ADA}, 1),
        ({"event": "left", "user_id": ADA, "client_id": "mail"}, 0),
        ({"event": "' OR true --"}, 0),
    ],
)
def test_filters_narrow_it_down_together(desk: Desk, filters: dict[str, str], count: int) -> None:
    for limit in (1, 200):
        found = told(desk, limit, **filters)
        assert len(found) == count
        assert all(each["event"] == filters.get("event", each["event"]) for each in found)


@pytest.mark.parametrize(
    "user_id", ["1", "x" * 36, ADA.replace("-", ""), f"{{{ADA}}}", "{" * 200, "NaN", "null"]
)
def test_what_is_no_id_is_refused(desk: Desk, user_id: str) -> None:
    answer = desk.get("/audit", params={"user_id": user_id})
    assert problem(answer) == (400, "invalid_request")
    assert "user_id" in answer.json()["error_description"]


@pytest.mark.parametrize("key", ["0", "-1", "x", "1e3", "01", "9" * 19, "9" * 40, "\u0661"])
def test_a_cursor_of_something_else_is_refused(desk: Desk, key: str) -> None:
    answer = desk.get("/audit", params={"after": page.write_cursor(key)})
    assert problem(answer) == (400, "invalid_request")


def test_nobody_writes_or_removes_an_entry(desk: Desk) -> None:
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        assert problem(desk.ask(method, "/audit"))[0] == 405
