"""What comes when: the database, then the migration, then what runs the program."""

import dataclasses
from datetime import timedelta
from typing import Any

import pytest
from tests.operator_desired import plans

from authly_operator import desired
from authly_operator.desired.plan import Plan
from authly_operator.observed import (
    ChildKey,
    DatabaseProbe,
    JobState,
    Manifest,
    SecretData,
)


def keys(plan: Plan) -> list[ChildKey]:
    return [(one["kind"], one["metadata"]["name"]) for one in desired.manifests(plan)]


def kinds(plan: Plan) -> set[str]:
    return {kind for kind, _ in keys(plan)}


def child(kind: str, name: str) -> Manifest:
    return {"kind": kind, "metadata": {"name": name}}


def rolled_out(image: str, **status: int) -> Manifest:
    counts = {"replicas": 2, "updatedReplicas": 2, "availableReplicas": 2, **status}
    container = {"name": "serve", "image": image}
    return {
        "kind": "Deployment",
        "metadata": {"name": "main", "generation": 4},
        "spec": {"replicas": 2, "template": {"spec": {"containers": [container]}}},
        "status": {"observedGeneration": 4, **counts},
    }


OLD = plans.job("main-migrate-00000000", "Complete")


def test_incomplete_material_makes_nothing_and_takes_nothing_away() -> None:
    seen = {("Deployment", "main"): child("Deployment", "main"), ("Job", "x"): child("Job", "x")}
    plan = plans.plan(plans.EXTERNAL, secrets={}, children=seen)

    assert not plan.material.complete
    assert desired.manifests(plan) == ()
    assert desired.held(plan) == frozenset(seen)


def test_nothing_is_made_for_an_external_database_that_was_never_reached() -> None:
    asked = plans.plan(plans.EXTERNAL, database=DatabaseProbe(error="connection refused"))
    unasked = plans.plan(plans.EXTERNAL, database=None)

    assert desired.manifests(asked) == desired.manifests(unasked) == ()
    assert desired.held(asked) == frozenset()


def test_an_external_database_that_answers_is_migrated_at_once() -> None:
    plan = plans.plan(plans.EXTERNAL)

    assert ("Job", plan.migration_job) in keys(plan)
    assert "StatefulSet" not in kinds(plan)


def test_an_outage_of_an_external_database_changes_nothing_that_runs() -> None:
    gone = DatabaseProbe(error="connection refused")
    plan = plans.plan(plans.EXTERNAL, database=gone)
    plan = plans.migrated(plans.with_children(plan, child("Deployment", "main")))

    assert plan.database_ready
    assert ("Deployment", "main") in keys(plan)


def test_an_external_database_that_left_during_the_first_migration_leaves_its_job() -> None:
    plan = plans.plan(plans.EXTERNAL, database=DatabaseProbe(error="gone"))
    plan = plans.with_children(plan, plans.job(plan.migration_job))

    assert ("Service", "main") in keys(plan)
    assert ("Job", plan.migration_job) in desired.held(plan)


def test_a_fresh_server_gets_its_database_first() -> None:
    assert "StatefulSet" in kinds(plans.plan())
    assert not {"Job", "Deployment", "CronJob"} & kinds(plans.plan())


def test_the_migration_waits_for_a_ready_database() -> None:
    plan = plans.plan()

    assert ("Job", plan.migration_job) not in keys(plan)
    assert ("Job", plan.migration_job) in keys(plans.with_database(plan))


def test_a_migration_job_that_exists_stays_as_it_is_whatever_the_database_does() -> None:
    plan = plans.with_children(plans.plan(), plans.job(plans.plan().migration_job))

    assert not plan.database_ready
    assert ("Job", plan.migration_job) not in keys(plan)
    assert desired.held(plan) == {("Job", plan.migration_job)}


@pytest.mark.parametrize(("age", "stays"), [(0, True), (60, True), (61, False)])
def test_a_failed_migration_is_made_again_after_a_minute(age: int, stays: bool) -> None:
    failed_at = plans.NOW - timedelta(seconds=age)
    plan = plans.with_database(plans.plan())
    plan = plans.with_children(plan, plans.job(plan.migration_job, "Failed", failed_at))

    assert ("Job", plan.migration_job) not in keys(plan)
    assert (("Job", plan.migration_job) in desired.held(plan)) is stays


@pytest.mark.parametrize(
    ("probe", "age", "stays"),
    [
        (DatabaseProbe(error="no", refused=True), 61, False),
        (DatabaseProbe(error="no", refused=True), 60, True),
        (DatabaseProbe(error="no"), 61, True),
        (DatabaseProbe(schema_revision=1), 61, True),
    ],
)
def test_a_migration_whose_passwords_are_refused_by_now_is_made_again_after_a_minute(
    probe: DatabaseProbe, age: int, stays: bool
) -> None:
    plan = plans.with_database(plans.plan())
    done = plans.job(plan.migration_job, "Complete", plans.NOW - timedelta(seconds=age))
    plan = plans.with_children(plan, done)
    plan = dataclasses.replace(plan, seen=dataclasses.replace(plan.seen, database=probe))
    assert ("Job", plan.migration_job) not in keys(plan)
    assert (("Job", plan.migration_job) in desired.held(plan)) is stays


def test_nothing_runs_the_program_before_the_migration_succeeded() -> None:
    plan = plans.with_database(plans.plan())
    running = plans.with_children(plan, plans.job(plan.migration_job))

    assert not {"Deployment", "CronJob"} & kinds(running)
    assert {"Deployment", "CronJob"} < kinds(plans.migrated(plan))


def test_what_runs_the_old_image_is_held_until_the_new_one_is_migrated() -> None:
    running = [rolled_out("old"), child("CronJob", "main-maintenance"), OLD]
    plan = plans.with_children(plans.with_database(plans.plan()), *running)

    assert desired.held(plan) == {
        ("Deployment", "main"),
        ("CronJob", "main-maintenance"),
        ("Job", "main-migrate-00000000"),
    }


@pytest.mark.parametrize(
    ("deployment", "stays"),
    [
        (rolled_out("authly/server:0.1.0"), False),
        (rolled_out("authly/server:0.0.9"), True),
        (rolled_out("authly/server:0.1.0", availableReplicas=1), True),
        (rolled_out("authly/server:0.1.0", replicas=3), True),
        (rolled_out("authly/server:0.1.0", observedGeneration=3), True),
        (child("Service", "main"), True),
    ],
)
def test_an_older_migration_goes_when_the_new_image_is_rolled_out(
    deployment: Manifest, stays: bool
) -> None:
    plan = plans.migrated(plans.with_children(plans.plan(), OLD, deployment))

    assert (("Job", "main-migrate-00000000") in desired.held(plan)) is stays
    assert ("Job", plan.migration_job) in desired.held(plan)


def test_what_the_spec_no_longer_asks_for_is_neither_desired_nor_held() -> None:
    unwanted = [child("Ingress", "main"), child("CronJob", "main-backup")]
    plan = plans.with_children(plans.plan(), *unwanted)

    assert not {("Ingress", "main"), ("CronJob", "main-backup")} & desired.held(plan)
    assert "Ingress" not in kinds(plan)


def test_network_policies_and_the_budget_can_be_left_out() -> None:
    spec = {
        **plans.FULL,
        "networkPolicy": {"enabled": False},
        "disruptionBudget": {"enabled": False},
    }

    assert not {"NetworkPolicy", "PodDisruptionBudget"} & kinds(plans.plan(spec))
    assert "PodDisruptionBudget" not in kinds(plans.plan({**plans.MINIMAL, "replicas": 1}))


@pytest.mark.parametrize("key", ["postgres-password", "server-password", "operator-password"])
def test_a_changed_password_of_a_role_is_another_migration(key: str) -> None:
    plan = plans.plan()
    kept = {name: text for name, text in plan.material.credentials.items() if name != key}
    secrets = {"main-credentials": SecretData({**kept, key: "another"})}

    assert plans.plan(secrets=secrets).migration_job != plan.migration_job


def test_another_image_is_another_migration() -> None:
    other = plans.plan({**plans.MINIMAL, "image": {"tag": "0.2.0"}})

    assert other.seen.job(other.migration_job) is JobState.ABSENT
    assert other.migration_job != plans.plan().migration_job


@pytest.mark.parametrize(
    ("default", "wanted", "image"),
    [
        ("authly/server:0.1.0", {}, "authly/server:0.1.0"),
        ("authly/server:0.1.0", {"tag": "2"}, "authly/server:2"),
        ("authly/server:0.1.0", {"repository": "r.io:5000/a"}, "r.io:5000/a:0.1.0"),
        ("r.io:5000/a", {"tag": "2"}, "r.io:5000/a:2"),
        ("r.io:5000/a:1", {"tag": "2"}, "r.io:5000/a:2"),
        ("r.io/a:1@sha256:ab", {}, "r.io/a:1@sha256:ab"),
        ("r.io/a@sha256:ab", {"repository": "b"}, "b@sha256:ab"),
        ("r.io/a@sha256:ab", {"tag": "2"}, "r.io/a:2"),
    ],
)
def test_the_image_is_the_default_in_what_the_spec_leaves_open(
    default: str, wanted: dict[str, str], image: str
) -> None:
    plan = plans.plan({**plans.MINIMAL, "image": wanted})
    settings = dataclasses.replace(plan.seen.settings, server_image=default)
    seen = dataclasses.replace(plan.seen, settings=settings)

    assert dataclasses.replace(plan, seen=seen).image == image


def test_what_the_cluster_does_not_know_is_left_out_and_named() -> None:
    unavailable = dict.fromkeys(("HTTPRoute", "PrometheusRule"), "unknown")
    full = plans.migrated(plans.plan(plans.FULL))
    without = dataclasses.replace(full.seen, unavailable=unavailable)
    lacking = dataclasses.replace(full, seen=without)

    assert kinds(full) - kinds(lacking) == {"HTTPRoute", "PrometheusRule"}
    assert desired.impossible(lacking) == ("HTTPRoute", "PrometheusRule")
    assert desired.impossible(full) == ()
    nothing_asked = plans.migrated(plans.plan(unavailable=unavailable))
    assert desired.impossible(nothing_asked) == ()


UPGRADE: dict[str, Any] = {
    **plans.MINIMAL,
    "version": "9.0.0",
    "migrations": {"mode": "Manual"},
}


def before_upgrade(**annotations: str) -> Plan:
    """A server of another version that is deployed, and told to be version 9.0.0."""
    identity = dataclasses.replace(plans.IDENTITY, annotations=annotations)
    plan = plans.plan(UPGRADE, identity=identity)
    older = plans.plan({**plans.MINIMAL, "version": "8.0.0"})
    (deployment,) = (each for each in plans.everything(older) if each["kind"] == "Deployment")
    return plans.with_children(plans.with_database(plan), deployment)


def jobs(plan: Plan) -> list[str]:
    return [one["metadata"]["name"] for one in desired.manifests(plan) if one["kind"] == "Job"]


def test_a_version_is_the_tag_of_the_image() -> None:
    assert plans.plan(UPGRADE).image == "authly/server:9.0.0"


def test_a_manual_migration_waits_for_its_very_jobs_name() -> None:
    name = before_upgrade().migration_job

    assert jobs(before_upgrade()) == []
    assert jobs(before_upgrade(**{"authly.dev/approve-migration": "main-migrate-0"})) == []
    assert jobs(before_upgrade(**{"authly.dev/approve-migration": name})) == [name]


def test_the_first_migration_waits_for_nobody() -> None:
    plan = plans.with_database(plans.plan(UPGRADE))

    assert jobs(plan) == [plan.migration_job]
