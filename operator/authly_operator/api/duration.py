"""Durations as Go writes them ("1h30m"), which is also what CEL's duration() reads."""

import re
from typing import Annotated, Final

from pydantic import Field


PATTERN: Final = r"^([0-9]+(\.[0-9]+)?(ms|s|m|h))+$"
SECONDS: Final = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}

Duration = Annotated[str, Field(pattern=PATTERN, max_length=32)]


def seconds(duration: str) -> int:
    """The whole seconds of a duration, rounded.

    Raises:
        ValueError: it is not a duration.
    """
    if not re.fullmatch(PATTERN, duration):
        message = f"not a duration such as 15m or 1h30m: {duration!r}"
        raise ValueError(message)
    parts = re.findall(r"([0-9.]+)(ms|s|m|h)", duration)
    return round(sum(float(number) * SECONDS[unit] for number, unit in parts))
