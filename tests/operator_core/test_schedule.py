"""A schedule is due when the controller of CronJobs would start it."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, strategies

from authly_operator.reconcile import schedule


NOW = datetime(2031, 5, 6, 7, 8, 9, tzinfo=UTC)  # a Tuesday
BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("text", "due"),
    [
        ("* * * * *", "2031-05-06T07:09"),
        ("8 7 * * *", "2031-05-07T07:08"),
        ("0 2 * * *", "2031-05-07T02:00"),
        ("*/15 * * * *", "2031-05-06T07:15"),
        ("5/20 * * * *", "2031-05-06T07:25"),
        ("0 5 * * 0", "2031-05-11T05:00"),
        ("0 5 * * SUN", "2031-05-11T05:00"),
        ("30 3 * * mon-fri", "2031-05-07T03:30"),
        ("0 9-17/4 * * *", "2031-05-06T09:00"),
        ("0,30 7 6 5 ?", "2031-05-06T07:30"),
        ("0 0 29 feb *", "2032-02-29T00:00"),
        # Where both days are restricted, either will do; a step restricts.
        ("0 0 13 * fri", "2031-05-09T00:00"),
        ("0 0 */10 * wed", "2031-05-07T00:00"),
        ("0 0 13 * *", "2031-05-13T00:00"),
    ],
)
def test_it_is_due_at_the_first_moment_that_fits_every_field(text: str, due: str) -> None:
    found = schedule.next_time(text, UTC, NOW)
    assert found is not None
    assert f"{found:%Y-%m-%dT%H:%M}" == due


@pytest.mark.parametrize(
    "text",
    [
        "",
        "* * * *",
        "60 * * * *",
        "0 0 0 * *",
        "0 0 31 2 *",
        "* * * * 7",
        "a b * * *",
        "*/0 * * * *",
    ],
)
def test_what_is_never_due_or_none_has_no_next_time(text: str) -> None:
    assert schedule.next_time(text, UTC, NOW) is None


@pytest.mark.parametrize(
    ("now", "due"),
    [
        ("2031-05-06T07:08", "2031-05-07T00:30"),  # summer: two hours ahead
        ("2031-12-06T07:08", "2031-12-07T01:30"),  # winter: one hour
        ("2031-03-29T12:00", "2031-03-31T00:30"),  # there is no half past two on the 30th
    ],
)
def test_the_time_is_that_of_its_zone(now: str, due: str) -> None:
    moment = datetime.fromisoformat(f"{now}:00+00:00")
    found = schedule.next_time("30 2 * * *", BERLIN, moment)
    assert found is not None
    assert f"{found:%Y-%m-%dT%H:%M}" == due


@given(
    minute=strategies.integers(0, 59),
    hour=strategies.integers(0, 23),
    seconds=strategies.integers(0, 400 * 24 * 3600),
)
def test_what_is_due_each_day_is_due_within_a_day_and_later_than_now(
    minute: int, hour: int, seconds: int
) -> None:
    now = NOW + timedelta(seconds=seconds)
    found = schedule.next_time(f"{minute} {hour} * * *", UTC, now)
    assert found is not None
    assert now < found <= now + timedelta(days=1)
    assert (found.hour, found.minute, found.second) == (hour, minute, 0)
