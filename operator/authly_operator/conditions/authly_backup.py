"""An AuthlyBackup's one condition: Ready when the backup was made."""

from collections.abc import Callable
from typing import Final

from authly_operator.api import authly_backup
from authly_operator.condition_names import Reason
from authly_operator.conditions import judgement, one_shot
from authly_operator.conditions.judgement import Judgement
from authly_operator.observed import JobState
from authly_operator.observed_backups import BackupObserved


TYPE: Final = one_shot.TYPE


def judge(spec: authly_backup.Spec, seen: BackupObserved) -> tuple[Judgement, ...]:
    """The first of CHAIN that has something to say."""
    return one_shot.first(CHAIN, spec, seen)


def _over(spec: authly_backup.Spec, seen: BackupObserved) -> Judgement | None:
    del spec
    if seen.run.state is JobState.SUCCEEDED:
        return judgement.holds(TYPE, Reason.BACKUP_MADE, _made(seen))
    if seen.run.state is JobState.FAILED:
        why = f"the backup was not made: {one_shot.said(seen)}: create another AuthlyBackup"
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
        message = f"the backup is tried again, or cannot start: {one_shot.said(seen)}"
        return judgement.unknown(TYPE, Reason.BACKUP_RUNNING, message)
    return judgement.unknown(TYPE, Reason.BACKUP_RUNNING, "the backup is being made")


def _unresolved(spec: authly_backup.Spec, seen: BackupObserved) -> Judgement | None:
    server, name = seen.server, one_shot.server_name(spec, seen)
    if server is None:
        return None
    if spec.destination is None and server.spec.backup is None:
        message = f"set spec.destination here, or spec.backup of {name}"
        return judgement.fails(TYPE, Reason.BACKUP_NOT_CONFIGURED, message)
    if not server.database_ready and seen.waits_for is None:
        message = f"{name} has no database that answers yet"
        return judgement.fails(TYPE, Reason.WAITING_FOR_SERVER, message)
    return None


def _waiting(spec: authly_backup.Spec, seen: BackupObserved) -> Judgement:
    del spec
    what = f" when {seen.waits_for} is over" if seen.waits_for else ""
    return judgement.unknown(TYPE, Reason.BACKUP_WAITING, f"the backup is made{what}")


CHAIN: Final[tuple[Callable[[authly_backup.Spec, BackupObserved], Judgement | None], ...]] = (
    _over,
    _running,
    one_shot.without_server,
    _unresolved,
    one_shot.refused,
    _waiting,
)
