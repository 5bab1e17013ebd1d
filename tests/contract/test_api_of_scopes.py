"""The functions for scopes: what goes in, what comes out, what is left alone."""

from typing import Any

import pytest
from tests.contract.operator_api import SCOPE, Api


def test_a_scope_is_created_then_unchanged_then_updated_then_deleted(api: Api) -> None:
    assert api.scope() == ("Created", None)
    assert api.scope() == ("Unchanged", None)
    assert api.scope(is_default=True) == ("Updated", None)
    assert api.call("observe_scope", "orders") == SCOPE | {"is_default": True, "in_use_by": 0}
    assert api.outcome("delete_scope", "orders", "default/orders", 1) == ("Deleted", None)
    assert api.outcome("delete_scope", "orders", "default/orders", 1) == ("Absent", None)
    assert api.heard() == ["scope:orders"] * 3
    assert api.call("observe_scope", "orders") is None


def test_a_scope_in_use_is_not_deleted(api: Api) -> None:
    api.scope()
    api.client(scopes=["orders"])
    assert api.call("observe_scope", "orders")["in_use_by"] == 1
    assert api.outcome("delete_scope", "orders", "default/orders", 1) == ("InUse", None)
    api.client(scopes=[])
    assert api.outcome("delete_scope", "orders", "default/orders", 1) == ("Deleted", None)


def test_a_scope_of_another_owner_is_a_conflict(api: Api) -> None:
    api.scope()
    assert api.scope(owner="other/orders") == ("Conflict", "default/orders")
    assert api.outcome("delete_scope", "orders", "other/orders", 1) == (
        "Conflict",
        "default/orders",
    )


def test_a_seeded_scope_is_adopted_and_released_even_in_use(api: Api) -> None:
    api.client(scopes=["read"])
    assert api.scope(name="read") == ("Updated", None)
    assert api.call("observe_scope", "read")["owner"] == "default/orders"
    assert api.scope(name="read", owner="other/read") == ("Conflict", "default/orders")
    assert api.outcome("delete_scope", "read", "default/orders", 1) == ("Released", None)
    released = api.call("observe_scope", "read")
    assert (released["owner"], released["description"]) == (None, "Read access to user data")
    assert released["is_default"] is True
    assert api.outcome("delete_scope", "read", "default/orders", 1) == ("Absent", None)
    assert api.scope(name="read", owner="other/read") == ("Updated", None)


@pytest.mark.parametrize(
    ("named", "change"),
    [
        ("name", {"name": "two words"}),
        ("name", {"name": 'quo"te'}),
        ("name", {"name": "back\\slash"}),
        ("name", {"name": "ünïcode"}),
        ("name", {"name": ""}),
        ("name", {"name": "line\n"}),
        ("owner", {"owner": None}),
        ("description", {"description": 7}),
        ("description", {"description": "x" * 1025}),
        ("is_default", {"is_default": "true"}),
    ],
)
def test_a_scope_that_breaks_a_rule_is_invalid(
    api: Api, named: str, change: dict[str, Any]
) -> None:
    outcome, detail = api.scope(**change)
    assert outcome == "Invalid"
    assert named in detail
    assert api.count("scopes") == 7
