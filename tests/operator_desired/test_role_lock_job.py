"""When the former roles of a swap are locked: after the last pod that may use them."""

from datetime import timedelta
from typing import Any

import pytest
from tests.operator_desired import plans

from authly_operator import desired, naming
from authly_operator.desired import role_lock_job
from authly_operator.desired.plan import Plan
from authly_operator.observed import ChildKey, Manifest, SecretData


RETIRING = '{"current": "b", "phase": "Retiring"}'
KEPT = {"server-password": "s", "operator-password": "o", "database-roles.json": RETIRING}


def retiring(spec: dict[str, Any]) -> Plan:
    secrets = {**plans.SECRETS, "main-credentials": SecretData(KEPT)}
    return plans.migrated(plans.plan(spec, secrets=secrets))


def deployment(plan: Plan, over: timedelta = timedelta(seconds=45), **changes: Any) -> Manifest:
    """As it was rolled out that long ago."""
    wanted = next(one for one in desired.manifests(plan) if one["kind"] == "Deployment")
    counts = dict.fromkeys(
        ("replicas", "updatedReplicas", "availableReplicas"), wanted["spec"]["replicas"]
    )
    condition = {
        "type": "Progressing",
        "status": "True",
        "reason": "NewReplicaSetAvailable",
        "lastUpdateTime": (plans.NOW - over).isoformat(),
    }
    return {**wanted, "status": {**counts, "conditions": [condition], **changes}}


def jobs(plan: Plan) -> dict[ChildKey, Manifest]:
    found = {(one["kind"], one["metadata"]["name"]): one for one in desired.manifests(plan)}
    return {key: one for key, one in found.items() if key == ("Job", plan.role_lock_job)}


@pytest.mark.parametrize("spec", [plans.MINIMAL, plans.EXTERNAL], ids=["managed", "external"])
def test_the_former_roles_are_named_without_a_password(spec: dict[str, Any]) -> None:
    plan = retiring(spec)
    (job,) = jobs(plans.with_children(plan, deployment(plan))).values()
    (container,) = job["spec"]["template"]["spec"]["containers"]
    plain = {one["name"]: one["value"] for one in container["env"] if "value" in one}
    database = "authly" if spec is plans.MINIMAL else "shop"
    assert container["args"] == ["lock-roles"]
    assert plain == {
        "SERVER_DATABASE_URL": f"postgresql://{database}_server@/",
        "OPERATOR_DATABASE_URL": f"postgresql://{database}_operator@/",
    }


@pytest.mark.parametrize(
    ("over", "changes"),
    [
        pytest.param(44, {}, id="pods of before may still answer"),
        pytest.param(45, {"updatedReplicas": 1}, id="not all are replaced"),
        pytest.param(45, {"replicas": 3}, id="one of before is left"),
        pytest.param(45, {"conditions": []}, id="nobody knows since when"),
    ],
)
def test_roles_that_pods_may_use_are_not_locked(over: int, changes: dict[str, Any]) -> None:
    plan = retiring(plans.MINIMAL)
    seen = deployment(plan, timedelta(seconds=over), **changes)
    assert jobs(plans.with_children(plan, deployment(plan)))
    assert not jobs(plans.with_children(plan, seen))


def test_a_deployment_of_other_settings_has_pods_of_before() -> None:
    plan = retiring(plans.MINIMAL)
    seen = deployment(plan)
    annotations = seen["spec"]["template"]["metadata"]["annotations"]
    annotations[naming.CONFIG_HASH_ANNOTATION] = "another"
    assert not jobs(plans.with_children(plan, seen))


@pytest.mark.parametrize(("age", "stays"), [(60, True), (61, False)])
def test_a_lock_that_failed_is_tried_again_after_a_minute(age: int, stays: bool) -> None:
    plan = retiring(plans.MINIMAL)
    failed = plans.job(plan.role_lock_job, "Failed", plans.NOW - timedelta(seconds=age))
    plan = plans.with_children(plan, deployment(plan), failed)
    assert not jobs(plan)
    assert (("Job", plan.role_lock_job) in desired.held(plan)) is stays


def test_a_job_of_a_swap_that_is_over_goes() -> None:
    plan = retiring(plans.MINIMAL)
    done = plans.job(plan.role_lock_job, "Complete")
    settled = plans.plan(
        plans.MINIMAL,
        secrets={"main-credentials": SecretData(KEPT)},
        children={("Job", plan.role_lock_job): done},
    )
    assert not role_lock_job.is_wanted(settled)
    assert ("Job", plan.role_lock_job) not in desired.held(settled)
