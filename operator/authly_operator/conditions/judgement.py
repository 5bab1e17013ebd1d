"""One condition as judged, before it is dated: type, status, reason and a line for people."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from authly_operator.api import reference
from authly_operator.condition_names import Condition, Reason


MAXIMUM_MESSAGE: Final = 1024
"""Characters; the printer column and an event hold no more."""
EXCERPT: Final = 400
"""Characters of somebody else's text, so that what to do about it still fits."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """One condition; the message is made one line of at most MAXIMUM_MESSAGE characters."""

    type: Condition
    status: reference.ConditionStatus
    reason: Reason
    message: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "message", excerpt(self.message, MAXIMUM_MESSAGE))

    @property
    def true(self) -> bool:
        """Whether the condition holds."""
        return self.status is reference.ConditionStatus.TRUE


def holds(condition: Condition, reason: Reason, message: str) -> Judgement:
    """The condition is True."""
    return Judgement(condition, reference.ConditionStatus.TRUE, reason, message)


def fails(condition: Condition, reason: Reason, message: str) -> Judgement:
    """The condition is False."""
    return Judgement(condition, reference.ConditionStatus.FALSE, reason, message)


def unknown(condition: Condition, reason: Reason, message: str) -> Judgement:
    """Nothing was observed that would tell."""
    return Judgement(condition, reference.ConditionStatus.UNKNOWN, reason, message)


def invalid(error_text: str) -> tuple[Judgement, ...]:
    """The conditions of a resource of any kind that cannot be read."""
    message = f"{excerpt(error_text)}: correct the resource; until then nothing is changed"
    return (fails(Condition.READY, Reason.INVALID_SPEC, message),)


def forbidden(refusal: str) -> Judgement:
    """Ready of a resource of any kind whose surroundings the operator may not read."""
    message = f"{excerpt(refusal)}: upgrade the Helm release that grants the operator its rights"
    return unknown(Condition.READY, Reason.FORBIDDEN, message)


def excerpt(text: str, longest: int = EXCERPT) -> str:
    """The text as one printable line, cut with an ellipsis where it is longer."""
    printable = "".join(letter if letter.isprintable() else " " for letter in text)
    line = " ".join(printable.split())
    return line if len(line) <= longest else f"{line[: longest - 1]}…"


def several(texts: Iterable[str], shown: int = 3) -> str:
    """The first texts, and how many more there are."""
    every = list(texts)
    each = EXCERPT // max(1, min(shown, len(every)))
    more = [f"and {len(every) - shown} more"] if len(every) > shown else []
    return "; ".join([*(excerpt(text, each) for text in every[:shown]), *more])
