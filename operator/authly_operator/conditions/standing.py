"""Reconciling and Stalled: how GitOps tools tell what comes by itself from what does not (kstatus).

Unlike the others they are there only while they hold, as kstatus has it, so a resource that is
well has neither.
https://github.com/kubernetes-sigs/cli-utils/blob/master/pkg/kstatus/README.md
"""

from collections.abc import Iterable
from typing import Final

from authly_operator.condition_names import Condition, Reason
from authly_operator.conditions import judgement
from authly_operator.conditions.judgement import Judgement


STUCK: Final = frozenset(
    {
        Reason.ACCESS_TOKEN_TTL_TOO_LONG,
        Reason.APPLY_FAILED,
        Reason.AUTH_METHOD_NOT_ALLOWED,
        Reason.BACKUP_FAILED,
        Reason.BACKUP_NOT_CONFIGURED,
        Reason.CONFLICT,
        Reason.CRASH_LOOP_BACK_OFF,
        Reason.CREDENTIALS_REFUSED,
        Reason.DATABASE_CLAIMED,
        Reason.DISK_FULL,
        Reason.GRANT_TYPE_NOT_ALLOWED,
        Reason.IMAGE_PULL_BACK_OFF,
        Reason.INVALID_REGISTRATION,
        Reason.INVALID_SPEC,
        Reason.ISSUER_MISMATCH,
        Reason.MIGRATION_FAILED,
        Reason.MIGRATION_NOT_APPROVED,
        Reason.NAMESPACE_NOT_ADMITTED,
        Reason.PODS_REFUSED,
        Reason.PROGRESS_DEADLINE_EXCEEDED,
        Reason.REDIRECT_HOST_NOT_ALLOWED,
        Reason.REPLICA_FAILURE,
        Reason.RESTORE_FAILED,
        Reason.SCHEMA_NEWER,
        Reason.SCOPE_NOT_ALLOWED,
        Reason.SECRET_TAKEN,
        Reason.SIGNING_KEYS_MALFORMED,
        Reason.VERIFICATION_FAILED,
    }
)
"""Reasons of Ready at which a person has to do something; what is only not there yet may come."""


def judge(judged: Iterable[Judgement]) -> tuple[Judgement, ...]:
    """Stalled, Reconciling, or neither, by what was judged of the resource."""
    found = {one.type: one for one in judged}
    ready, progress = found[Condition.READY], found.get(Condition.PROGRESSING)
    if progress is not None and progress.true:
        return (judgement.holds(Condition.RECONCILING, progress.reason, progress.message),)
    if ready.true:
        return ()
    kind = Condition.STALLED if ready.reason in STUCK else Condition.RECONCILING
    return (judgement.holds(kind, ready.reason, ready.message),)
