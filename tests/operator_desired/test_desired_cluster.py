"""What comes first where CloudNativePG runs the database, and what stays in the end."""

from typing import Any

import pytest
from tests.operator_desired import plans

from authly_operator import desired
from authly_operator.desired.plan import Plan
from authly_operator.observed import DatabaseProbe, Manifest, SecretData


PENDING: dict[str, Any] = {"secrets": {}, "database": None}
CLUSTER: Manifest = {"kind": "Cluster", "metadata": {"name": "main-database"}}


def kinds(plan: Plan) -> list[str]:
    return [one["kind"] for one in desired.manifests(plan)]


def test_the_cluster_comes_alone_until_its_secrets_are_there() -> None:
    plan = plans.plan(plans.CLUSTER, **PENDING)

    assert kinds(plan) == ["Cluster"]
    assert desired.impossible(plan) == ()


def test_a_cluster_that_is_there_is_no_beginning_yet() -> None:
    plan = plans.with_children(plans.plan(plans.CLUSTER, **PENDING), CLUSTER)

    assert kinds(plan) == ["Cluster"]
    assert ("Cluster", "main-database") in desired.held(plan)


def test_nothing_is_made_in_a_cluster_that_was_never_reached() -> None:
    plan = plans.plan(plans.CLUSTER, database=DatabaseProbe(error="refused"))

    assert kinds(plan) == ["Cluster"]


def test_a_database_that_answers_is_migrated() -> None:
    assert "Job" in kinds(plans.plan(plans.CLUSTER))
    assert "StatefulSet" not in kinds(plans.plan(plans.CLUSTER))


def test_a_cluster_of_others_is_never_made() -> None:
    spec = {**plans.CLUSTER, "database": {"cloudNativePG": {"clusterRef": {"name": "shared"}}}}

    assert kinds(plans.plan(spec, **PENDING)) == []


def test_a_kind_that_is_unknown_is_not_applied_and_no_optional_lack() -> None:
    plan = plans.plan(plans.CLUSTER, **PENDING, unavailable={"Cluster": "unknown"})

    assert kinds(plan) == []
    assert desired.impossible(plan) == ()


@pytest.mark.parametrize(("policy", "is_owned"), [("Retain", False), ("Delete", True)])
def test_the_data_of_a_cluster_goes_only_where_the_policy_says_so(
    policy: str, is_owned: bool
) -> None:
    plan = plans.plan({**plans.CLUSTER, "deletionPolicy": policy})
    (cluster,) = (one for one in desired.manifests(plan) if one["kind"] == "Cluster")

    assert ("ownerReferences" in cluster["metadata"]) is is_owned


def test_every_program_reads_the_authority_by_which_its_url_verifies() -> None:
    for one in plans.everything(plans.plan(plans.BY_FIELDS)):
        if one["kind"] not in ("Deployment", "Job", "CronJob"):
            continue
        spec = one["spec"]["jobTemplate"]["spec"] if one["kind"] == "CronJob" else one["spec"]
        pod = spec["template"]["spec"]
        (volume,) = (each for each in pod["volumes"] if each["name"] == "database-ca")
        (mount,) = (
            each for each in pod["containers"][0]["volumeMounts"] if each["name"] == "database-ca"
        )
        assert volume["secret"]["items"] == [{"key": "database-ca.crt", "path": "ca.crt"}]
        assert mount["mountPath"] == "/etc/authly/database"


def test_another_authority_restarts_nothing() -> None:
    other = "-----BEGIN CERTIFICATE-----\nother\n-----END CERTIFICATE-----"
    before = plans.plan(plans.BY_FIELDS)
    secrets = {**plans.SECRETS, "trust": SecretData({"ca.crt": other})}
    after = plans.plan(plans.BY_FIELDS, secrets=secrets)

    assert (before.config_hash, before.migration_job) == (after.config_hash, after.migration_job)
    assert before.material.credentials != after.material.credentials
