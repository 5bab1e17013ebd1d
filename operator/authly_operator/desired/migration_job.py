"""The Job that brings the schema up to date and sets the roles' passwords, before each roll-out.

No time to live after it has finished: it would be deleted and made again for ever. It goes when
the next one has succeeded and its image is rolled out.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from authly_operator import naming
from authly_operator.api import duration, migration
from authly_operator.desired import database, deployment, environment, metadata, pod, program
from authly_operator.desired.plan import Plan
from authly_operator.material import owner_passwords
from authly_operator.observed import ChildKey, JobState, Manifest


RETRY_AFTER: Final = timedelta(seconds=60)
"""How long a failed Job stays before another is made: time to read its logs."""
WRONG_SETTING: Final = 2
"""Exit code of authly-server where trying again cannot help."""
_VARIABLES: Final = {
    "SERVER_DATABASE_URL": "DATABASE_URL",
    "OPERATOR_DATABASE_URL": "OPERATOR_DATABASE_URL",
    "ADMIN_EMAIL": "ADMIN_EMAIL",
    "ADMIN_PASSWORD": "ADMIN_PASSWORD",
}


def build(plan: Plan) -> Manifest:
    """The Job of this image for this database, and for the newest passwords of its roles."""
    keys = {name: plan.newest(key) for name, key in _VARIABLES.items()}
    container = program.container(
        plan,
        "migrate",
        [
            *environment.of_owner(plan, {"REPLICATION_URL": owner_passwords.REPLICATION_URL}),
            *environment.of_credentials(plan, keys),
            *_plain(plan),
        ],
        program.JOB_RESOURCES,
    )
    return job(plan, plan.migration_job, container, _mark(plan))


def job(
    plan: Plan, name: str, container: pod.Part, annotations: Mapping[str, str] | None = None
) -> Manifest:
    """A Job that changes the database as its owner."""
    component = naming.Component.MIGRATION
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": metadata.build(plan, name, component, annotations=annotations),
        "spec": {
            "backoffLimit": plan.spec.migrations.backoff_limit,
            "activeDeadlineSeconds": max(1, duration.seconds(plan.spec.migrations.timeout)),
            "podFailurePolicy": failure_policy(container["name"]),
            "template": pod.template(
                plan, component, container, volumes=program.volumes(plan), restartPolicy="Never"
            ),
        },
    }


def _mark(plan: Plan) -> dict[str, str] | None:
    """What tells which passwords are good, once the Job has succeeded."""
    mark = plan.material.passwords and plan.material.passwords.mark
    return {naming.ROLES_ANNOTATION: mark} if mark else None


def _plain(plan: Plan) -> list[environment.Variable]:
    return environment.plain(
        {
            "DATABASE_EXTENSIONS": ",".join(plan.extensions),
            "INSTANCE_OWNER": plan.seen.identity.owner,
            "INSTANCE_UID": plan.seen.identity.uid,
            "INSTANCE_TAKEN_FROM": plan.taken_from,
        }
    )


def failure_policy(container: str | None) -> pod.Part:
    """Give up on a wrong setting (None: of any container); a pod that was evicted is no failure."""
    which = {"containerName": container} if container else {}
    wrong = {**which, "operator": "In", "values": [WRONG_SETTING]}
    evicted = {"type": "DisruptionTarget", "status": "True"}
    return {
        "rules": [
            {"action": "FailJob", "onExitCodes": wrong},
            {"action": "Ignore", "onPodConditions": [evicted]},
        ]
    }


def is_due(plan: Plan) -> bool:
    """Whether to make the Job; one that exists stays as it is, since its template is immutable."""
    absent = plan.seen.job(plan.migration_job) is JobState.ABSENT
    due = plan.database_ready and database.is_settled(plan) and not plan.restoring
    return due and absent and is_approved(plan)


def is_approved(plan: Plan) -> bool:
    """Whether nobody has to agree, or somebody has, to the migration to another image."""
    deployed = plan.seen.child("Deployment", naming.deployment(plan.name))
    same = deployed is None or program.image_of(deployed) == plan.image
    if same or plan.spec.migrations.mode is migration.MigrationMode.AUTO:
        return True
    annotations = plan.seen.identity.annotations
    return annotations.get(naming.APPROVE_MIGRATION_ANNOTATION) == plan.migration_job


def kept(plan: Plan) -> frozenset[ChildKey]:
    """The migration Jobs that stay: this one, and older ones until this image is rolled out.

    One that failed long enough ago does not, so that it is pruned and made again; nor does one that
    succeeded and made a password that is refused by now.
    """
    over = plan.migrated and deployment.is_rolled_out(plan)
    jobs = {
        key: child
        for key, child in plan.seen.children.items()
        if key[0] == "Job" and key[1].startswith(naming.migrations(plan.name))
    }
    mine = ("Job", plan.migration_job)
    return frozenset(
        key
        for key, job in jobs.items()
        if (not _is_of_no_use(plan, job) if key == mine else not over)
    )


def _is_of_no_use(plan: Plan, job: Manifest) -> bool:
    """Whether another one is to be made.

    Passwords are other ones where somebody changed them in the database, or where the cluster was
    put back to what it was before a rotation. A migration of a database that is somebody else's by
    now refuses to touch it.
    """
    refused = plan.seen.database is not None and plan.seen.database.refused
    return failed_long_ago(job, plan.now) or (refused and _ended(job, "Complete", plan.now))


def failed_long_ago(job: Manifest, now: datetime) -> bool:
    """Whether a Job gave up so long ago that another one is tried."""
    return _ended(job, "Failed", now)


def _ended(job: Manifest, how: str, now: datetime) -> bool:
    """Whether it ended so long ago that it does not count any more."""
    conditions = job.get("status", {}).get("conditions") or ()
    return any(
        one["type"] == how
        and one["status"] == "True"
        and now - datetime.fromisoformat(one["lastTransitionTime"]) > RETRY_AFTER
        for one in conditions
    )
