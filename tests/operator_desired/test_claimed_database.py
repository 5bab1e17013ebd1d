"""A database that is another AuthlyServer's: nothing is made there, and nothing is taken away."""

import dataclasses

from tests.operator_desired import plans

from authly_operator import desired
from authly_operator.desired.plan import Plan
from authly_operator.observed import ChildKey, Claimant, DatabaseProbe, Manifest


OTHERS = Claimant(owner="bank/main", uid="another")
TAKEN = {"authly.dev/take-database-from": "bank/main"}


def keys(plan: Plan) -> list[ChildKey]:
    return [(one["kind"], one["metadata"]["name"]) for one in desired.manifests(plan)]


def child(kind: str, name: str) -> Manifest:
    return {"kind": kind, "metadata": {"name": name}}


def test_nothing_is_made_in_a_database_of_another_server_unless_it_is_taken_over() -> None:
    seen = {"database": DatabaseProbe(claimant=OTHERS)}
    plan = plans.plan(plans.EXTERNAL, **seen)
    assert desired.manifests(plan) == ()
    taking = dataclasses.replace(plans.IDENTITY, annotations=TAKEN)
    plan = plans.plan(plans.EXTERNAL, identity=taking, **seen)
    assert ("Job", plan.migration_job) in keys(plan)


def test_a_server_that_was_created_again_is_no_stranger_to_its_database() -> None:
    before = Claimant(owner=plans.IDENTITY.owner, uid="of the one before")
    plan = plans.plan(plans.EXTERNAL, database=DatabaseProbe(claimant=before))
    assert ("Job", plan.migration_job) in keys(plan)
    assert plan.claimed_by is None
    assert plans.migrated(plan).claimed_by == before  # another one took it from this one


def test_what_serves_goes_on_in_a_database_that_somebody_else_took() -> None:
    plan = plans.plan(plans.EXTERNAL, database=DatabaseProbe(claimant=OTHERS))
    plan = plans.with_children(plan, child("Deployment", "main"))
    assert ("Job", plan.migration_job) not in keys(plan)
    assert ("Deployment", "main") in desired.held(plan)
