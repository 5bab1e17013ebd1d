"""The Job that locks the former roles of a swap, once no pod of before is left.

It waits itself until nobody is connected as one of them, and fails where somebody stays.
"""

from datetime import datetime, timedelta
from typing import Final

from authly_operator import naming
from authly_operator.desired import deployment, environment, migration_job, program
from authly_operator.desired.plan import Plan
from authly_operator.material import database_url, owner_passwords
from authly_operator.material.role_swap import Phase
from authly_operator.observed import ChildKey, JobState, Manifest


DRAINED_AFTER: Final = timedelta(seconds=deployment.GRACE_SECONDS + 5)
"""After a roll-out: its last pod has ended by then, with whatever it still had to answer."""
_ROLES: Final = {
    "SERVER_DATABASE_URL": "DATABASE_URL",
    "OPERATOR_DATABASE_URL": "OPERATOR_DATABASE_URL",
}


def build(plan: Plan) -> Manifest:
    """The Job; the roles are named without their passwords, which nobody needs any more."""
    credentials = plan.material.credentials
    former = {name: database_url.twin_of(credentials[key]) for name, key in _ROLES.items()}
    container = program.container(
        plan,
        "lock-roles",
        [
            *environment.of_owner(
                plan, {"REPLICATION_URL": owner_passwords.COMING_REPLICATION_URL}
            ),
            *environment.plain(former),
        ],
        program.JOB_RESOURCES,
    )
    return migration_job.job(plan, plan.role_lock_job, container)


def is_wanted(plan: Plan) -> bool:
    """Whether there are former roles that may still be used."""
    passwords = plan.material.passwords
    return passwords is not None and passwords.swap.phase is Phase.RETIRING


def is_due(plan: Plan) -> bool:
    """Whether to make the Job, which stays as it is then."""
    absent = plan.seen.job(plan.role_lock_job) is JobState.ABSENT
    return absent and plan.migrated and _is_drained(plan)


def kept(plan: Plan) -> frozenset[ChildKey]:
    """The Job, but one that failed long ago, which is made again, and one of another swap."""
    key = ("Job", plan.role_lock_job)
    job = plan.seen.children.get(key)
    if job is None or not is_wanted(plan) or migration_job.failed_long_ago(job, plan.now):
        return frozenset()
    return frozenset({key})


def _is_drained(plan: Plan) -> bool:
    """Whether the pods that were started with the former roles are gone."""
    seen = plan.seen.child("Deployment", naming.deployment(plan.name))
    if seen is None or not deployment.is_rolled_out(plan):
        return False
    annotations = seen["spec"]["template"]["metadata"].get("annotations", {})
    current = annotations.get(naming.CONFIG_HASH_ANNOTATION) == plan.config_hash
    over = _rolled_out_at(seen)
    return current and over is not None and over + DRAINED_AFTER <= plan.now


def _rolled_out_at(seen: Manifest) -> datetime | None:
    """When the last roll-out was over (apps/v1 Progressing, NewReplicaSetAvailable)."""
    for one in seen.get("status", {}).get("conditions") or ():
        if one["type"] == "Progressing" and one.get("reason") == "NewReplicaSetAvailable":
            return datetime.fromisoformat(one["lastUpdateTime"])
    return None
