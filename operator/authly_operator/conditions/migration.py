"""Migrated: the schema is that of the wanted image, by its migration Job."""

from typing import Final

from authly_operator import naming
from authly_operator.api.reference import ConditionStatus
from authly_operator.condition_names import Condition, Reason
from authly_operator.conditions import blockage, database, judgement, podless, workload
from authly_operator.conditions.judgement import Judgement
from authly_operator.conditions.situation import Situation
from authly_operator.observed import JobState


TYPE: Final = Condition.MIGRATED
UNDER_WAY: Final = frozenset(
    {Reason.MIGRATION_PENDING, Reason.MIGRATION_RUNNING, Reason.MIGRATION_RETRYING}
)
"""Reasons of a migration that may yet succeed by itself."""


def judge(case: Situation) -> Judgement:
    """Judge by the state of the Job of the wanted image against the database in use."""
    if case.job is JobState.SUCCEEDED:
        message = f"Job {case.expected.migration_job} succeeded"
        return judgement.holds(TYPE, Reason.MIGRATED, message)
    if case.job is JobState.FAILED:
        return judgement.fails(TYPE, Reason.MIGRATION_FAILED, _failure(case))
    return _running(case) if case.job is JobState.RUNNING else _absent(case)


def _absent(case: Situation) -> Judgement:
    job = case.expected.migration_job
    if case.expected.missing:
        message = f"Job {job} is not made: {judgement.several(case.expected.missing)}"
        return judgement.fails(TYPE, Reason.REFERENCE_MISSING, message)
    if database.judge(case).status is ConditionStatus.FALSE:
        message = f"Job {job} is made when the database is ready: see DatabaseReady"
        return judgement.fails(TYPE, Reason.WAITING_FOR_DATABASE, message)
    if case.awaits_approval:
        return judgement.fails(TYPE, Reason.MIGRATION_NOT_APPROVED, _approval(case))
    why = "not made while the resource is paused" if case.paused else "the operator makes it"
    message = f"Job {job} does not exist yet: {why}"
    return judgement.fails(TYPE, Reason.MIGRATION_PENDING, message)


def _approval(case: Situation) -> str:
    job, identity = case.expected.migration_job, case.seen.identity
    approve = f"{naming.APPROVE_MIGRATION_ANNOTATION}={job}"
    command = f"kubectl annotate -n {identity.namespace} authlyserver {identity.name}"
    return f"Job {job} waits for {command} --overwrite {approve}; older replicas go on serving"


def _running(case: Situation) -> Judgement:
    job = case.expected.migration_job
    blocked = _blocked(case)
    if blocked is None:
        refused = podless.job(case.seen.child("Job", job), case.seen.identity.namespace, job)
        if refused:
            return judgement.fails(TYPE, Reason.PODS_REFUSED, refused)
        return judgement.fails(TYPE, Reason.MIGRATION_RUNNING, f"Job {job} runs")
    if blocked.reason is Reason.CRASH_LOOP_BACK_OFF:
        message = f"Job {job} tries again: {blocked.text}"
        return judgement.fails(TYPE, Reason.MIGRATION_RETRYING, message)
    return judgement.fails(TYPE, blocked.reason, f"Job {job}: {blocked.text}")


def _failure(case: Situation) -> str:
    job, namespace = case.expected.migration_job, case.seen.identity.namespace
    blocked = _blocked(case)
    found = case.seen.child("Job", job)
    told = workload.conditions(found).get("Failed") if found else None
    said = [told.reason, told.message.rstrip(".")] if told else []
    said += [blocked.text] if blocked else [f"read kubectl logs -n {namespace} job/{job}"]
    causes = ": ".join(judgement.excerpt(part, 500) for part in said if part)
    again = f"it is made anew after a while, or after kubectl delete job -n {namespace} {job}"
    return f"Job {job} failed: {causes}; {again}; older replicas go on serving"


def _blocked(case: Situation) -> blockage.Blockage | None:
    """Pods of this Job only: those of another image's Job tell nothing of this one."""
    prefix = f"{case.expected.migration_job}-"
    return blockage.find(case.seen, naming.Component.MIGRATION, prefix)
