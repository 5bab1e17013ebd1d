"""The one place that reads the time, so that tests own it."""

from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Anything that knows the time."""

    def now(self) -> datetime:
        """Answer the present moment, aware, in UTC."""


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """Answer the present moment, aware, in UTC."""
        return datetime.now(UTC)  # noqa: TID251  # this is the clock
