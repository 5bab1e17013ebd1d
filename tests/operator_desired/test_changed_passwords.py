"""Passwords that were changed, or lost and drawn again: what is migrated, and what rolled out."""

import pytest
from tests.operator_desired import plans

from authly_operator import desired
from authly_operator.desired.plan import Plan
from authly_operator.observed import ChildKey, SecretData


def keys(plan: Plan) -> list[ChildKey]:
    return [(one["kind"], one["metadata"]["name"]) for one in desired.manifests(plan)]


def kinds(plan: Plan) -> set[str]:
    return {kind for kind, _ in keys(plan)}


def test_another_password_of_the_administrator_is_a_migration_and_no_roll_out() -> None:
    before, after = (
        plans.plan(secrets={"main-credentials": SecretData({"ADMIN_PASSWORD": password})})
        for password in ("correct horse", "battery staple")
    )
    assert before.migration_job != after.migration_job
    assert before.config_hash == after.config_hash


def test_a_migration_waits_for_the_end_of_a_database_that_has_other_passwords() -> None:
    before = plans.with_database(plans.plan())
    children = before.seen.children
    lost = plans.plan(children=children, secrets={"main-credentials": SecretData({})})
    drawn = plans.plan_of(lost.spec, lost.seen, bytes(range(64)))
    assert drawn.database_ready
    assert ("Job", drawn.migration_job) not in keys(drawn)
    replaced = plans.with_database(drawn)
    assert ("Job", replaced.migration_job) in keys(replaced)
    (kept,) = (one for key, one in replaced.seen.children.items() if key[0] == "StatefulSet")
    ending = {**kept, "status": {"readyReplicas": 1}}
    assert ("Job", replaced.migration_job) not in keys(plans.with_children(replaced, ending))


@pytest.mark.parametrize(
    ("url", "rolls"),
    [
        ("postgresql://boss:another@db.example.com:6432/shop", False),
        ("postgresql://boss:hunter2@elsewhere.example.com/shop", True),
    ],
)
def test_what_an_owner_of_ones_own_is_changed_to_is_migrated_before_it_is_rolled_out(
    url: str, rolls: bool
) -> None:
    before = plans.migrated(plans.plan(plans.EXTERNAL))
    kept = {**before.seen.secrets, "main-credentials": SecretData(before.material.credentials)}
    secrets = {**kept, "pg": SecretData({"url": url})}
    after = plans.plan(plans.EXTERNAL, secrets=secrets, children=before.seen.children)
    assert after.migration_job != before.migration_job
    assert "Deployment" not in kinds(after)
    assert (after.config_hash != before.config_hash) is rolls
