"""An AuthlyBackup's one condition: Ready when the backup was made."""

from collections.abc import Callable
from typing import Final

from authly_operator.api import authly_backup
from authly_operator.condition_names import Condition, Reason
from authly_operator.conditions import blockage, judgement
from authly_operator.conditions.judgement import Judgement
from authly_operator.observed import JobState
from authly_operator.observed_backups import BackupObserved


TYPE: Final = Condition.READY


def judge(spec: authly_backup.Spec, seen: BackupObserved) -> tuple[Judgement, ...]:
    """The first of CHAIN that has something to say."""
    judged = (policy(spec, seen) for policy in CHAIN)
    return (next(one for one in judged if one is not None),)


def _over(spec: authly_backup.Spec, seen: BackupObserved) -> Judgement | None:
    del spec
    if seen.run.state is JobState.SUCCEEDED:
        return judgement.holds(TYPE, Reason.BACKUP_MADE, _made(seen))
    if seen.run.state is JobState.FAILED:
        why = f"the backup was not made: {_said(seen)}: create another AuthlyBackup"
        return judgement.fails(TYPE, Reason.BACKUP_FAILED, why)
    return None


def _made(seen: BackupObserved) -> str:
    if seen.report is None:
        return "the backup was made; its pod was gone before what it said could be read"
    restored = "; it was restored to see that it can be" if seen.report.verified else ""
    return f"{seen.report.file_name} has {seen.report.size} bytes{restored}"


def _running(spec: authly_backup.Spec, seen: BackupObserved) -> Judgement | None:
    if seen.run.state is not JobState.RUNNING:
        if spec.job is None:
            return None
        message = f"Job {spec.job}, which spec.job names, does not exist: delete this AuthlyBackup"
        return judgement.fails(TYPE, Reason.BACKUP_FAILED, message)
    if seen.run.waiting:
        message = f"the backup is tried again, or cannot start: {_said(seen)}"
        return judgement.unknown(TYPE, Reason.BACKUP_RUNNING, message)
    return judgement.unknown(TYPE, Reason.BACKUP_RUNNING, "the backup is being made")


def _said(seen: BackupObserved) -> str:
    namespace = seen.identity.namespace
    blocked = blockage.worst(seen.run.waiting, namespace)
    job = seen.run.job["metadata"]["name"] if seen.run.job else ""
    return blocked.text if blocked else f"see kubectl describe job -n {namespace} {job}"


def _unresolved(spec: authly_backup.Spec, seen: BackupObserved) -> Judgement | None:
    name = f"AuthlyServer {seen.identity.namespace}/{spec.server_ref.name}"
    if seen.server is None:
        message = f"{name} does not exist, or its spec is invalid"
        return judgement.fails(TYPE, Reason.SERVER_NOT_FOUND, message)
    if spec.destination is None and seen.server.spec.backup is None:
        message = f"set spec.destination here, or spec.backup of {name}"
        return judgement.fails(TYPE, Reason.BACKUP_NOT_CONFIGURED, message)
    if not seen.server.database_ready and seen.waits_for is None:
        message = f"{name} has no database that answers yet"
        return judgement.fails(TYPE, Reason.WAITING_FOR_SERVER, message)
    return None


def _refused(spec: authly_backup.Spec, seen: BackupObserved) -> Judgement | None:
    del spec
    if not seen.failures:
        return None
    message = f"the API server refused: {judgement.several(seen.failures)}"
    return judgement.fails(TYPE, Reason.APPLY_FAILED, message)


def _waiting(spec: authly_backup.Spec, seen: BackupObserved) -> Judgement:
    del spec
    what = f" when {seen.waits_for} is over" if seen.waits_for else ""
    return judgement.unknown(TYPE, Reason.BACKUP_WAITING, f"the backup is made{what}")


CHAIN: Final[tuple[Callable[[authly_backup.Spec, BackupObserved], Judgement | None], ...]] = (
    _over,
    _running,
    _unresolved,
    _refused,
    _waiting,
)
