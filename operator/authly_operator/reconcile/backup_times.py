"""What the CronJobs of backups have done, when the next backup is due, and whether it is overdue.

Pure, but that Python reads a time zone from its files when it is named first.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from authly_operator import naming
from authly_operator.desired import cronjob
from authly_operator.observed import ServerObserved
from authly_operator.reconcile import schedule


GRACE: Final = timedelta(seconds=cronjob.LATE_SECONDS, minutes=10)
"""After that the controller of CronJobs does not start a run any more that was due."""
_FORMAT: Final = "%Y-%m-%dT%H:%M:%SZ"


def told(
    seen: ServerObserved, body: Mapping[str, Any], due: str | None, proved: str | None
) -> dict[str, str] | None:
    """status.backup; `due` is the next time, `proved` the last at which a backup was restored.

    What was proved stays so when the record of it goes with its file.
    """
    made = _times(seen, naming.backup(seen.identity.name))
    by_schedule = _times(seen, naming.verification(seen.identity.name)).get("lastSuccessfulTime")
    before = _told_before(body).get("lastVerifiedTime")
    verified = max(filter(None, (by_schedule, before, proved)), default=None)
    more = {"lastVerifiedTime": verified, "nextTime": due}
    return (made | {name: text for name, text in more.items() if text}) or None


def next_due(seen: ServerObserved, body: Mapping[str, Any], now: datetime) -> str | None:
    """When the CronJob is due next; the time that was told stays until a run of it has begun.

    None where it is suspended, never due, or its time zone is not known here.
    """
    found = seen.child("CronJob", naming.backup(seen.identity.name)) or {}
    spec = found.get("spec") or {}
    if not spec or spec.get("suspend"):
        return None
    before = _told_before(body).get("nextTime")
    begun = (found.get("status") or {}).get("lastScheduleTime", "")
    if before and begun < before and _parse(before) < now and _is_due(spec, before):
        return str(before)
    return _next(spec, now)


def overdue(due: str | None, now: datetime) -> str | None:
    """The time at which a backup was due that nobody has begun, nor will any more."""
    return due if due and _parse(due) + GRACE < now else None


def _is_due(spec: Mapping[str, Any], moment: str) -> bool:
    """Whether it is a moment of the schedule as it is now."""
    return _next(spec, _parse(moment) - timedelta(seconds=1)) == moment


def _next(spec: Mapping[str, Any], now: datetime) -> str | None:
    try:
        zone = ZoneInfo(spec.get("timeZone") or "Etc/UTC")
    except (ValueError, OSError, ZoneInfoNotFoundError):
        return None
    found = schedule.next_time(spec["schedule"], zone, now)
    return found.strftime(_FORMAT) if found else None


def _parse(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _told_before(body: Mapping[str, Any]) -> Mapping[str, str]:
    found: Mapping[str, str] = (body.get("status") or {}).get("backup") or {}
    return found


def _times(seen: ServerObserved, name: str) -> dict[str, str]:
    status = (seen.child("CronJob", name) or {}).get("status") or {}
    names = ("lastScheduleTime", "lastSuccessfulTime")
    return {key: status[key] for key in names if status.get(key)}
