"""What the parts of a run ended with, as tests/outcome.py keeps it, and what is to be done."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final


CACHES: Final = Path(".pytest_cache")
MOST_FILES: Final = 4
"""More than these fail for a reason."""
_PASSED: Final = frozenset({0, 5})
"""All of a part passed, or none of its tests is below what was asked for."""
_SOME_FAILED: Final = 1


class Refused(Exception):  # noqa: N818 - asking was refused, nothing went wrong in it
    """Asking again would hide something; the message says what."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a part ended: pytest's exit status, None where it did not live to tell."""

    part: str
    status: int | None
    failed: tuple[str, ...] = ()
    """Files with a test that failed."""


@dataclass(frozen=True, slots=True)
class Question:
    """A file that is asked again, as the part which it belongs to."""

    part: str
    file: str


def read(part: str, caches: Path = CACHES) -> Outcome:
    """What the last run of that part told of itself; a run that was cut off told nothing."""
    try:
        told = json.loads((caches / part / "v" / "authly" / "outcome").read_text("utf-8"))
    except FileNotFoundError:
        told = None
    return (
        Outcome(part, None) if told is None else Outcome(part, told["status"], (*told["failed"],))
    )


def questions(outcomes: Iterable[Outcome]) -> tuple[Question, ...]:
    """Which files are asked again.

    Raises:
        Refused: a part ended otherwise than by tests that failed, or none or too many files do.
    """
    found: list[Question] = []
    for outcome in outcomes:
        if outcome.status in _PASSED:
            continue
        if outcome.status != _SOME_FAILED or not outcome.failed:
            told = "did not end" if outcome.status is None else f"ended with {outcome.status}"
            message = f"{outcome.part} {told}, which is more than a test that failed: see above"
            raise Refused(message)
        found += [Question(outcome.part, file) for file in outcome.failed]
    if not 0 < len(found) <= MOST_FILES:
        message = f"{len(found)} files have a test that failed, not 1 to {MOST_FILES}: see above"
        raise Refused(message)
    return (*found,)
