"""A server on CloudNativePG: what DatabaseReady and Ready tell until there is a database."""

from typing import Any

import pytest
from tests.operator_conditions.verdicts import Judge

from authly_operator.observed import DatabaseProbe


TEMPLATE: dict[str, Any] = {"database": {"cloudNativePG": {"template": {}}}}
MISSING = ("key username of Secret main-database-app (database.cloudNativePG) does not exist",)
WITHOUT: dict[str, Any] = {
    "spec": TEMPLATE,
    "without": ("Deployment", "StatefulSet", "Job"),
    "missing": MISSING,
    "database": None,
    "endpoint": None,
}


def cluster(**status: str) -> dict[Any, Any]:
    return {("Cluster", "main-database"): {"status": status}}


def test_a_cluster_without_cloudnativepg_is_told_to_be_impossible(judge_server: Judge) -> None:
    why = "this cluster does not know postgresql.cnpg.io/v1: install its definitions"

    judged = judge_server(**WITHOUT, unavailable={"Cluster": why})

    assert judged["DatabaseReady"][:2] == ("False", "KindUnavailable")
    assert judged["Ready"][:2] == ("False", "KindUnavailable")
    assert "install its definitions" in judged["Ready"][2]


def test_a_cluster_that_is_not_there_is_told(judge_server: Judge) -> None:
    assert judge_server(**WITHOUT)["Ready"][:2] == ("False", "DatabaseNotCreated")


@pytest.mark.parametrize(
    ("status", "says"),
    [
        (
            {"phase": "Setting up primary", "phaseReason": "creating"},
            "Setting up primary: creating",
        ),
        ({}, "no word of CloudNativePG yet"),
    ],
)
def test_a_cluster_that_starts_is_told_in_cloudnativepgs_words(
    judge_server: Judge, status: dict[str, str], says: str
) -> None:
    judged = judge_server(**WITHOUT, beside=cluster(**status))

    assert judged["Ready"][:2] == ("False", "DatabaseStarting")
    assert says in judged["Ready"][2]


def test_secrets_of_a_cluster_of_others_are_missing_references(judge_server: Judge) -> None:
    spec = {"database": {"cloudNativePG": {"clusterRef": {"name": "shared"}}}}

    judged = judge_server(**{**WITHOUT, "spec": spec})

    assert judged["Ready"][:2] == ("False", "ReferenceMissing")


def test_a_cluster_that_went_away_is_looked_for_with_kubectl(judge_server: Judge) -> None:
    judged = judge_server(
        spec=TEMPLATE, beside=cluster(), database=DatabaseProbe(error="connection refused")
    )

    assert judged["DatabaseReady"][:2] == ("False", "DatabaseUnreachable")
    assert (
        "kubectl describe -n auth cluster.postgresql.cnpg.io/main-database"
        in (judged["DatabaseReady"][2])
    )


def test_a_claim_that_does_not_grow_stops_nothing(judge_server: Judge) -> None:
    judged = judge_server(shortages=("PersistentVolumeClaim data-main-database-0 stays at 10Gi",))

    assert judged["OptionalResourcesReady"][:2] == ("False", "StorageNotExpanded")
    assert judged["Ready"][:2] == ("True", "Ready")
