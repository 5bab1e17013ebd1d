"""The replicas of a managed database: when they come, and what goes with them."""

from tests.operator_desired import plans

from authly_operator import desired, naming
from authly_operator.desired import postgresql, streaming
from authly_operator.desired.plan import Plan
from authly_operator.material import replication
from authly_operator.observed import ChildKey, Manifest, SecretData


STANDBY = ("StatefulSet", "main-standby")
REPLICATED = {**plans.MINIMAL, "database": {"managed": {"replicas": 1}}}


def keys(plan: Plan) -> list[ChildKey]:
    return [(one["kind"], one["metadata"]["name"]) for one in desired.manifests(plan)]


def standby(plan: Plan) -> Manifest:
    every = {(one["kind"], one["metadata"]["name"]): one for one in desired.manifests(plan)}
    return every[STANDBY]


def test_a_server_without_replicas_is_made_as_it_was_before_there_were_any() -> None:
    """So that a newer operator restarts no database that nobody wants replicas of."""
    plan = plans.plan()
    database = next(one for one in plans.everything(plan) if one["kind"] == "StatefulSet")
    (container,) = database["spec"]["template"]["spec"]["containers"]

    assert container["lifecycle"]["postStart"]["exec"]["command"][2] == postgresql.SET_PASSWORD
    assert not [one for one in container["args"] if "wal_keep_size" in one]
    assert streaming.PASSWORD_VARIABLE not in {one["name"] for one in container["env"]}
    assert replication.PASSWORD not in plan.material.credentials


def test_replicas_come_when_the_database_answers_and_stay_while_it_does_not() -> None:
    plan = plans.plan(REPLICATED)
    assert STANDBY not in keys(plan)
    ready = plans.with_database(plan)
    assert STANDBY in keys(ready)

    there = standby(ready)
    away = plans.with_children(plan, there)

    assert STANDBY not in keys(away)
    assert STANDBY in desired.held(away)


def test_replicas_that_nobody_wants_any_more_go_with_their_password_and_their_volumes() -> None:
    before = plans.with_database(plans.plan(REPLICATED))
    there = standby(before)
    kept = {"main-credentials": SecretData(before.material.credentials)}

    plan = plans.with_children(plans.plan(secrets=kept), there)

    assert STANDBY not in {*keys(plan), *desired.held(plan)}
    assert replication.PASSWORD not in plan.material.credentials
    retention = there["spec"]["persistentVolumeClaimRetentionPolicy"]
    assert retention == {"whenDeleted": "Delete", "whenScaled": "Delete"}


def test_a_name_of_the_greatest_length_leaves_room_for_kubernetes_label_of_revisions() -> None:
    assert len(naming.standby("x" * naming.MAXIMUM_SERVER_NAME)) + len("-0123456789") <= 63
