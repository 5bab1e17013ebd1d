"""Servers that are left alone: paused ones, and those whose database belongs to another."""

from typing import Any

import pytest
from tests.operator_conditions.verdicts import Judge

from authly_operator.observed import Claimant, Identity


@pytest.mark.parametrize(
    ("identity", "spec", "says"),
    [
        ({}, {"paused": True}, "spec.paused is true: set it to false"),
        ({"authly.dev/reconcile": "disabled"}, {}, "annotation authly.dev/reconcile is disabled"),
    ],
)
def test_a_paused_server_says_so_and_goes_on_being_judged(
    judge_server: Judge, identity: dict[str, str], spec: dict[str, Any], says: str
) -> None:
    who = Identity(
        name="main", namespace="auth", uid="uid-of-main", generation=3, annotations=identity
    )

    judged = judge_server(identity=who, spec=spec, deployment={"availableReplicas": 1})

    assert judged["Paused"][:2] == ("True", "Paused")
    assert says in judged["Paused"][2]
    assert judged["Available"][:2] == ("False", "ReplicasUnavailable")
    assert judged["Ready"][:2] == ("False", "ReplicasUnavailable")


def test_a_database_of_another_server_is_told_with_its_owner_and_the_way_out(
    judge_server: Judge,
) -> None:
    judged = judge_server(claimed_by=Claimant(owner="bank/main", uid="1"))
    status, reason, message = judged["DatabaseReady"]
    assert (status, reason) == ("False", "DatabaseClaimed")
    assert "belongs to AuthlyServer bank/main" in message
    assert "authly.dev/take-database-from=bank/main" in message
    assert judged["Ready"][:2] == ("False", "DatabaseClaimed")


def test_one_of_the_same_name_in_another_cluster_is_told_by_its_uid(judge_server: Judge) -> None:
    judged = judge_server(claimed_by=Claimant(owner="auth/main", uid="uid-elsewhere"))
    assert "another cluster, by its uid uid-elsewhere" in judged["DatabaseReady"][2]
