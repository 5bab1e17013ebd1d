"""status.backup tells what the CronJob has done, when it is due next, and keeps that until then."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from authly_operator import observed
from authly_operator.observed import Identity, ServerObserved
from authly_operator.reconcile import backup_times


NOW = datetime(2031, 5, 6, 7, 8, 9, tzinfo=UTC)
DAILY = {"schedule": "0 2 * * *", "timeZone": "Europe/Berlin", "suspend": False}
DONE = {"lastScheduleTime": "2031-05-06T00:00:00Z", "lastSuccessfulTime": "2031-05-06T00:01:00Z"}
TOMORROW, LATER = "2031-05-07T00:00:00Z", "2031-05-08T00:00:00Z"


def seen(spec: dict[str, Any], status: dict[str, Any]) -> ServerObserved:
    identity = Identity(name="main", namespace="auth", uid="u", generation=1)
    children = {("CronJob", "main-backup"): {"spec": spec, "status": status}}
    return ServerObserved(identity=identity, settings=observed.Settings(), children=children)


def told(spec: dict[str, Any], status: dict[str, Any]) -> Any:
    around = seen(spec, status)
    return backup_times.told(around, {}, backup_times.next_due(around, {}, NOW), None)


def next_due(
    before: str, now: datetime, spec: dict[str, Any] = DAILY, begun: str = DONE["lastScheduleTime"]
) -> str | None:
    body = {"status": {"backup": {"nextTime": before}}}
    return backup_times.next_due(seen(spec, {"lastScheduleTime": begun}), body, now)


def test_the_next_time_is_that_of_the_schedule_in_its_zone() -> None:
    assert told(DAILY, DONE) == DONE | {"nextTime": TOMORROW}


@pytest.mark.parametrize(
    "change", [{"suspend": True}, {"timeZone": "Atlantis/Capital"}, {"schedule": "0 0 31 2 *"}]
)
def test_what_is_not_due_has_no_next_time(change: dict[str, Any]) -> None:
    assert told(DAILY | change, DONE) == DONE
    assert told(DAILY | change, {}) is None


def test_a_time_that_was_told_stays_until_a_run_of_it_has_begun() -> None:
    then = datetime.fromisoformat(TOMORROW) + timedelta(hours=9)
    assert next_due(TOMORROW, then) == TOMORROW
    assert next_due(TOMORROW, then, begun=TOMORROW) == LATER


def test_a_time_that_comes_gives_way_to_an_earlier_one_of_another_schedule() -> None:
    assert next_due(LATER, NOW, DAILY | {"schedule": "0 * * * *"}) == "2031-05-06T08:00:00Z"


def test_a_time_of_another_schedule_is_forgotten() -> None:
    then = datetime.fromisoformat(TOMORROW) + timedelta(hours=9)
    assert next_due(TOMORROW, then, DAILY | {"schedule": "30 2 * * *"}) == "2031-05-08T00:30:00Z"
    assert next_due(TOMORROW, then, DAILY | {"suspend": True}) is None


@pytest.mark.parametrize(("hours", "late"), [(-1, None), (1, None), (2, TOMORROW)])
def test_a_backup_is_overdue_when_its_run_will_not_begin_any_more(
    hours: int, late: str | None
) -> None:
    now = datetime.fromisoformat(TOMORROW) + timedelta(hours=hours)
    assert backup_times.overdue(TOMORROW, now) == late
    assert backup_times.overdue(None, now) is None


@pytest.mark.parametrize(
    ("before", "proved", "verified"),
    [(None, None, None), ("03", None, "03"), ("03", "05", "05"), ("05", "03", "05")],
)
def test_what_was_proved_once_stays_so_when_its_record_is_gone(
    before: str | None, proved: str | None, verified: str | None
) -> None:
    body = {"status": {"backup": {"lastVerifiedTime": before} if before else {}}}
    found = backup_times.told(seen({}, {}), body, None, proved)
    assert (found or {}).get("lastVerifiedTime") == verified
