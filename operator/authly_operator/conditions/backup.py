"""BackupHealthy: the backup that was due last succeeded; never stops Ready.

Judged by the CronJob's own status (batch/v1), which tells when a Job of its schedule was made last,
and when one succeeded last.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from authly_operator import naming
from authly_operator.condition_names import Condition, Reason
from authly_operator.conditions import blockage, judgement
from authly_operator.conditions.judgement import Judgement
from authly_operator.conditions.situation import Situation


TYPE: Final = Condition.BACKUP_HEALTHY


def judge(case: Situation) -> Judgement:
    """Judge what was observed of the CronJob; Unknown where no backup was due yet."""
    wanted = case.spec.backup
    if wanted is None:
        message = "spec.backup is not set: nothing is backed up"
        return judgement.unknown(TYPE, Reason.BACKUP_NOT_CONFIGURED, message)
    if wanted.suspend:
        message = "no backup is started: set spec.backup.suspend to false"
        return judgement.fails(TYPE, Reason.BACKUP_SUSPENDED, message)
    name = naming.backup(case.seen.identity.name)
    if (due := case.expected.backup_overdue) is not None:
        where = f"kubectl describe cronjob -n {case.seen.identity.namespace} {name}"
        message = f"the backup that was due at {due} was not begun: see {where}"
        return judgement.fails(TYPE, Reason.BACKUP_OVERDUE, message)
    made = _judge(case, _status(case, name))
    return (_unverified(case) or made) if made.true else made


def _status(case: Situation, name: str) -> Mapping[str, Any]:
    found = case.seen.child("CronJob", name) or {}
    status: Mapping[str, Any] = found.get("status") or {}
    return status


def _unverified(case: Situation) -> Judgement | None:
    """A backup that was made and could not be restored; one being tried counts as before."""
    status = _status(case, naming.verification(case.seen.identity.name))
    due, succeeded = _time(status, "lastScheduleTime"), _time(status, "lastSuccessfulTime")
    if due is None or status.get("active") or (succeeded is not None and succeeded >= due):
        return None
    message = (
        f"the youngest backup could not be restored at {status['lastScheduleTime']}: {_told(case)}"
    )
    return judgement.fails(TYPE, Reason.VERIFICATION_FAILED, message)


def _judge(case: Situation, status: Mapping[str, Any]) -> Judgement:
    due, succeeded = _time(status, "lastScheduleTime"), _time(status, "lastSuccessfulTime")
    if due is None and succeeded is None:
        message = "no backup was due yet since its schedule was made"
        return judgement.unknown(TYPE, Reason.NO_BACKUP_YET, message)
    if succeeded is not None and (due is None or succeeded >= due):
        message = f"the last backup succeeded at {status['lastSuccessfulTime']}"
        return judgement.holds(TYPE, Reason.BACKUP_SUCCEEDED, message)
    before = (
        f"the last that succeeded did so at {succeeded:%Y-%m-%dT%H:%M:%SZ}"
        if succeeded
        else ("none has succeeded yet")
    )
    if status.get("active"):
        blocked = blockage.find(case.seen, naming.Component.BACKUP)
        if blocked is not None and blocked.reason in blockage.NEVER_BEGUN:
            message = f"the backup of {status['lastScheduleTime']} cannot begin; {before}"
            return judgement.fails(TYPE, blocked.reason, f"{message}: {blocked.text}")
        message = f"a backup is being made; {before}"
        return judgement.unknown(TYPE, Reason.BACKUP_RUNNING, message)
    return judgement.fails(TYPE, Reason.BACKUP_FAILED, _failure(case, status, before))


def _failure(case: Situation, status: Mapping[str, Any], before: str) -> str:
    return f"the backup of {status['lastScheduleTime']} failed; {before}: {_told(case)}"


def _told(case: Situation) -> str:
    """What the pod said, or where to read it."""
    blocked = blockage.find(case.seen, naming.Component.BACKUP)
    component = f"{naming.COMPONENT_LABEL}={naming.Component.BACKUP.value}"
    where = f"read kubectl logs -n {case.seen.identity.namespace} -l {component}"
    return blocked.text if blocked else where


def _time(status: Mapping[str, Any], name: str) -> datetime | None:
    text = status.get(name)
    return datetime.fromisoformat(text) if text else None
