"""What an AuthlyScope's conditions say of its server, its namespace and its row."""

from collections.abc import Callable
from typing import Any

import pytest
from tests.operator_conditions.verdicts import Judge

from authly_operator.observed import Identity, ServerView, Written


View = Callable[..., ServerView]
LEAVING = Identity(
    name="reports", namespace="auth", uid="uid-of-scope", generation=1, deleting=True
)


@pytest.mark.parametrize("outcome", ["Created", "Updated", "Unchanged"])
def test_a_registered_scope_is_ready(judge_scope: Judge, outcome: str) -> None:
    judged = judge_scope(written=Written(outcome=outcome))

    assert {kind: one[:2] for kind, one in judged.items()} == {
        "Ready": ("True", "Ready"),
        "ServerResolved": ("True", "ServerFound"),
        "Accepted": ("True", "NamespaceAdmitted"),
        "Synced": ("True", "Registered"),
    }


def test_a_row_that_needed_no_write_is_registered(judge_scope: Judge) -> None:
    assert judge_scope(written=None)["Ready"][:2] == ("True", "Ready")


@pytest.mark.parametrize(
    ("seen", "reason", "says"),
    [
        pytest.param(
            {"written": Written(outcome="Conflict", detail="shop/reports")},
            "Conflict", "belongs to shop/reports: choose another name", id="somebody else's",
        ),
        pytest.param(
            {"written": Written(outcome="Conflict", detail="")},
            "Conflict", "was not made by an operator", id="nobody's",
        ),
        pytest.param(
            {"written": None, "row": {"owner": "shop/reports"}},
            "Conflict", "belongs to shop/reports", id="somebody else's, seen without a write",
        ),
        pytest.param(
            {"written": Written(outcome="Invalid", detail="description is too long")},
            "InvalidRegistration", "description is too long: correct the spec", id="refused",
        ),
        pytest.param(
            {"written": Written(outcome="Postponed", detail="by a newer server")},
            "DatabaseError", "answered Postponed by a newer server", id="an unknown answer",
        ),
        pytest.param(
            {"error": "connection refused"},
            "DatabaseError", "auth/main cannot be asked: connection refused", id="unreachable",
        ),
        pytest.param(
            {"written": None, "row": None},
            "NotRegistered", "the operator registers it", id="not yet registered",
        ),
    ],
)  # fmt: skip
def test_a_scope_that_is_not_registered_says_why(
    judge_scope: Judge, seen: dict[str, Any], reason: str, says: str
) -> None:
    judged = judge_scope(**seen)

    assert judged["Synced"][:2] == ("False", reason)
    assert judged["Ready"] == judged["Synced"]
    assert says in judged["Ready"][2]


def test_an_error_after_a_write_is_not_hidden_by_the_write(judge_scope: Judge) -> None:
    judged = judge_scope(written=Written(outcome="Updated"), error="server closed the connection")

    assert judged["Ready"][:2] == ("False", "DatabaseError")


@pytest.mark.parametrize("error", [None, "connection refused"])
def test_a_scope_waits_for_the_database_of_its_server(
    judge_scope: Judge, view: View, error: str | None
) -> None:
    judged = judge_scope(
        server=view(ready=False, database_ready=False), row=None, written=None, error=error
    )

    assert judged["Ready"][:2] == ("False", "WaitingForServer")
    assert "goes on by itself" in judged["Ready"][2]
    assert (error or "") in judged["Ready"][2]


def test_a_scope_without_a_server_says_which_one_is_missing(judge_scope: Judge) -> None:
    judged = judge_scope(server=None, row=None, written=None)

    assert judged["Ready"][:2] == ("False", "ServerNotFound")
    assert "AuthlyServer auth/main does not exist" in judged["Ready"][2]
    assert judged["Accepted"][0] == judged["Synced"][0] == "Unknown"


def test_a_scope_of_a_namespace_that_is_not_admitted_is_not_ready(
    judge_scope: Judge, view: View
) -> None:
    stranger = Identity(name="reports", namespace="shop", uid="u", generation=1)

    judged = judge_scope(identity=stranger, server=view(), row=None, written=None)

    assert judged["Ready"][:2] == ("False", "NamespaceNotAdmitted")
    assert judged["Synced"][:2] == ("False", "NamespaceNotAdmitted")
    assert "spec.allowedClients.namespaces.from: Same" in judged["Ready"][2]


@pytest.mark.parametrize(
    ("row", "who"), [({"in_use_by": 2}, "2 client(s) of"), (None, "clients of")]
)
def test_a_scope_in_use_tells_what_its_deletion_waits_for(
    judge_scope: Judge, row: dict[str, Any] | None, who: str
) -> None:
    judged = judge_scope(identity=LEAVING, row=row, written=Written(outcome="InUse"))

    assert judged["Ready"][:2] == ("False", "InUse")
    assert f"deletion waits: scope reports is not deleted: {who} the server" in judged["Ready"][2]
    assert "deletionPolicy to Orphan" in judged["Ready"][2]


@pytest.mark.parametrize("outcome", ["Deleted", "Absent", "Released"])
def test_a_scope_that_goes_is_never_ready(judge_scope: Judge, outcome: str) -> None:
    judged = judge_scope(identity=LEAVING, row=None, written=Written(outcome=outcome))

    assert judged["Ready"][:2] == ("False", "Deleting")
    assert judged["Synced"][:2] == ("False", "Deregistered")


def test_a_deletion_that_cannot_reach_the_database_says_so(judge_scope: Judge) -> None:
    judged = judge_scope(identity=LEAVING, written=None, error="connection refused")

    assert judged["Ready"][:2] == ("False", "DatabaseError")
    assert judged["Ready"][2].startswith("deletion waits: ")
