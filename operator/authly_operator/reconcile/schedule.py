"""When a CronJob is due next: the five fields of cron as its controller reads them; pure.

Kubernetes, CronJob: `minute hour day-of-month month day-of-week`, each `*`, a number, a name, a
range, with a step or without, or a list of those. Where both days are restricted, either will do.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Final


_FIRST_HALF: Final = ("jan", "feb", "mar", "apr", "may", "jun")
_MONTHS: Final = (*_FIRST_HALF, "jul", "aug", "sep", "oct", "nov", "dec")
_DAYS: Final = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_FAR: Final = timedelta(days=5 * 366)
"""What is not due within that is never due: 31 February."""


@dataclass(frozen=True, slots=True)
class _Field:
    """What a field may say."""

    low: int
    high: int
    names: tuple[str, ...] = ()
    """Of the numbers from `low` on."""

    def number(self, text: str) -> int:
        name = text.lower()
        number = self.low + self.names.index(name) if name in self.names else int(text)
        if not self.low <= number <= self.high:
            raise ValueError(text)
        return number

    def numbers(self, text: str) -> frozenset[int]:
        return frozenset(number for part in text.split(",") for number in self._range(part))

    def _range(self, text: str) -> range:
        span, slash, step = text.partition("/")
        if span in _ANY:
            low, high = self.low, self.high
        else:
            first, dash, last = span.partition("-")
            low = self.number(first)
            high = self.number(last) if dash else self.high if slash else low
        return range(low, high + 1, int(step) if slash else 1)


_ANY: Final = frozenset({"*", "?"})
_FIELDS: Final = (
    _Field(0, 59),
    _Field(0, 23),
    _Field(1, 31),
    _Field(1, 12, _MONTHS),
    _Field(0, 6, _DAYS),
)


def next_time(schedule: str, zone: tzinfo, now: datetime) -> datetime | None:
    """The first moment after `now` at which the schedule is due in the zone, in UTC.

    None where it is never due, or cannot be read. What clocks leave out in spring is not due.
    """
    texts = schedule.split()
    try:
        minutes, hours, *days = (
            field.numbers(text) for field, text in zip(_FIELDS, texts, strict=True)
        )
    except ValueError:
        return None
    either = not any(_is_any(text) for text in (texts[2], texts[4]))
    times = [time(hour, minute) for hour in sorted(hours) for minute in sorted(minutes)]
    moments = (_moment(day, at, zone) for day in _days(days, now, zone, either) for at in times)
    return next((moment for moment in moments if moment is not None and moment > now), None)


def _days(
    fields: Sequence[frozenset[int]], now: datetime, zone: tzinfo, either: bool
) -> Iterator[date]:
    in_month, months, in_week = fields
    today = now.astimezone(zone).date()
    for number in range(_FAR.days):
        day = today + timedelta(days=number)
        fits = day.day in in_month, day.isoweekday() % 7 in in_week
        if day.month in months and (any(fits) if either else all(fits)):
            yield day


def _moment(day: date, at: time, zone: tzinfo) -> datetime | None:
    local = datetime.combine(day, at, zone)
    moment = local.astimezone(UTC)
    return (
        moment
        if moment.astimezone(zone).replace(tzinfo=None) == local.replace(tzinfo=None)
        else None
    )


def _is_any(text: str) -> bool:
    """Whether a field of days leaves all of them; with a step it does not."""
    return any(part in _ANY for part in text.split(","))
