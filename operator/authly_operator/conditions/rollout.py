"""Progressing: the Deployment is on its way to the wanted image and settings, stuck, or there."""

from collections.abc import Callable
from typing import Final

from authly_operator import naming
from authly_operator.api.reference import ConditionStatus
from authly_operator.condition_names import Condition, Reason
from authly_operator.conditions import blockage, database, judgement, migration, workload
from authly_operator.conditions.judgement import Judgement
from authly_operator.conditions.situation import Situation
from authly_operator.observed import JobState


TYPE: Final = Condition.PROGRESSING
MOVING: Final = migration.UNDER_WAY | {
    Reason.DATABASE_NOT_CREATED,
    Reason.DATABASE_STARTING,
}
"""Reasons of a step before the roll-out that may yet pass by itself."""
HELD: Final = frozenset({Reason.PAUSED, Reason.MIGRATION_NOT_APPROVED})
"""Reasons of not progressing since a person wants it so."""
AT_REST: Final = HELD | {Reason.ROLLED_OUT}
"""Reasons of not progressing that are no failure."""


def judge(case: Situation) -> Judgement:
    """The first of CHAIN that has something to say; else all is rolled out."""
    for policy in CHAIN:
        judged = policy(case)
        if judged:
            return judged
    return _there(case)


def _refused(case: Situation) -> Judgement | None:
    if not case.seen.failures:
        return None
    message = f"the API server refused: {judgement.several(case.seen.failures)}"
    return judgement.fails(TYPE, Reason.APPLY_FAILED, message)


def _unreferenced(case: Situation) -> Judgement | None:
    if not case.expected.missing:
        return None
    message = f"nothing is rolled out: {judgement.several(case.expected.missing)}"
    return judgement.fails(TYPE, Reason.REFERENCE_MISSING, message)


def _held(case: Situation) -> Judgement | None:
    """Paused, and the spec is not what runs."""
    if not case.paused or case.at_expectation:
        return None
    message = f"paused: the Deployment is not brought to {case.expected.image} and the settings"
    return judgement.fails(TYPE, Reason.PAUSED, message)


def _before_roll_out(case: Situation) -> Judgement | None:
    """The database, then the migration: what the roll-out waits for."""
    if case.job is JobState.SUCCEEDED:
        return None
    ready = database.judge(case)
    step = ready if ready.status is ConditionStatus.FALSE else migration.judge(case)
    judge_step = judgement.holds if step.reason in MOVING else judgement.fails
    return judge_step(TYPE, step.reason, step.message)


def _outdated(case: Situation) -> Judgement | None:
    found = case.deployment
    if found and case.at_expectation and found.caught_up:
        return None
    message = f"the Deployment is being brought to {case.expected.image} and the present settings"
    return judgement.holds(TYPE, Reason.ROLLING_OUT, message)


def _complete(case: Situation) -> Judgement | None:
    """Pods that failed and were replaced may lie around, and count for nothing."""
    found = case.deployment
    if found is None or not _all_updated(case, found) or found.available < case.wanted:
        return None
    return _there(case)


def _all_updated(case: Situation, found: workload.Workload) -> bool:
    """No old pods, and as many as wanted; what an autoscaler adds or takes is no roll-out."""
    enough = found.pods >= case.wanted if case.autoscaled else found.pods == case.wanted
    return found.pods == found.updated and enough


def _there(case: Situation) -> Judgement:
    message = f"the Deployment runs {case.expected.image} with the present settings"
    return judgement.fails(TYPE, Reason.ROLLED_OUT, message)


def _blocked(case: Situation) -> Judgement | None:
    blocked = blockage.find(case.seen, naming.Component.SERVER)
    if blocked is None:
        return None
    message = f"replicas cannot start: {blocked.text}; {case.available} replicas serve"
    return judgement.fails(TYPE, blocked.reason, message)


def _without_pods(case: Situation) -> Judgement | None:
    """The API server refuses the pods, for example for a ResourceQuota (apps/v1 ReplicaFailure)."""
    told = case.deployment.told("ReplicaFailure") if case.deployment else None
    if told is None or told.status != "True":
        return None
    said = judgement.excerpt(told.message).rstrip(".")
    message = f"pods of the Deployment are refused: {said}: raise the quota or lower the request"
    return judgement.fails(TYPE, Reason.REPLICA_FAILURE, message)


def _too_slow(case: Situation) -> Judgement | None:
    told = case.deployment.told("Progressing") if case.deployment else None
    if told is None or told.reason != "ProgressDeadlineExceeded":
        return None
    said = judgement.excerpt(told.message).rstrip(".")
    where = f"kubectl describe pods -n {case.seen.identity.namespace}"
    message = f"the roll-out makes no progress: {said}: see {where}"
    return judgement.fails(TYPE, Reason.PROGRESS_DEADLINE_EXCEEDED, message)


def _replacing(case: Situation) -> Judgement | None:
    """New pods are missing or not available yet, or old ones are left."""
    found, wanted = case.deployment, case.wanted
    if found is None:
        return None
    # The word of the deployment controller for a roll-out that is over.
    settled = found.told("Progressing").reason == "NewReplicaSetAvailable"
    starting = found.available < wanted and not settled
    if _all_updated(case, found) and not starting:
        return None
    message = (
        f"{found.updated} of {wanted} replicas are up to date, {found.available} are available,"
        f" {max(0, found.pods - found.updated)} old ones are left"
    )
    return judgement.holds(TYPE, Reason.ROLLING_OUT, message)


CHAIN: Final[tuple[Callable[[Situation], Judgement | None], ...]] = (
    _refused,
    _unreferenced,
    _held,
    _before_roll_out,
    _outdated,
    _complete,
    _blocked,
    _without_pods,
    _too_slow,
    _replacing,
)
