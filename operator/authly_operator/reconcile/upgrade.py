"""What the status of an AuthlyServer tells of a change of its image that is under way; pure."""

from collections.abc import Mapping, Set as AbstractSet
from typing import Any

from authly_operator.condition_names import Condition


def told(
    before: Mapping[str, Any] | None,
    *,
    deployed: str | None,
    wanted: str,
    true: AbstractSet[Condition],
) -> dict[str, str] | None:
    """From which image to which, and how far; None where no change is under way.

    `before` is what was told in the pass before, `deployed` the image that the Deployment asks for,
    `true` the conditions that hold. Until the Deployment is changed, it says where the way begins;
    after that only what was told before knows.
    """
    if deployed is None:
        return None
    if deployed != wanted:
        return _entry(deployed, wanted, _phase(true, "Migrating"))
    is_there = Condition.READY in true and Condition.PROGRESSING not in true
    if is_there or before is None or before["to"] != wanted:
        return None
    return _entry(before["from"], wanted, _phase(true, "RollingOut"))


def _phase(true: AbstractSet[Condition], moving: str) -> str:
    """One that moves, one that a person holds, or one that does not go on by itself."""
    if Condition.PAUSED in true:
        return "Paused"
    return moving if Condition.PROGRESSING in true else "Stopped"


def _entry(begin: str, end: str, phase: str) -> dict[str, str]:
    return {"from": begin, "to": end, "phase": phase}
