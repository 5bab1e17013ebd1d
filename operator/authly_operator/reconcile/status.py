"""Write a status in one go, only where it changed, and tell of what changed in it."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from authly_operator.cluster import events
from authly_operator.condition_names import Condition, Reason
from authly_operator.conditions import pause, settlement
from authly_operator.conditions.judgement import Judgement
from authly_operator.observed import Identity
from authly_operator.reconcile.collaborators import Collaborators


Manifest = Mapping[str, Any]
TOLD: Final = frozenset(
    {Condition.READY, Condition.MIGRATED, Condition.PROGRESSING, Condition.SECRET_ROTATED}
)
"""Conditions whose changes become events: what a person would want to hear of."""
WAITING: Final = frozenset({Reason.WAITING_FOR_SERVER, Reason.DELETING})
"""Reasons of not being Ready that pass by themselves."""


async def write(
    tools: Collaborators,
    body: Manifest,
    identity: Identity,
    judged: Iterable[Judgement],
    facts: Mapping[str, Any] | None = None,
) -> bool:
    """Write conditions and facts (those that are None are left out); whether Ready is True.

    Raises:
        errors.ClusterError: the API server refused or did not answer.
    """
    before = body.get("status") or {}
    previous = before.get("conditions") or []
    conditions = settlement.settle(
        judged, previous, generation=identity.generation, now=tools.clock.now()
    )
    told = {key: fact for key, fact in (facts or {}).items() if fact is not None}
    status = {"observedGeneration": identity.generation, "conditions": conditions, **told}
    if status != before:
        await tools.api.write_status(body, status)
        await _tell(tools, body, previous, conditions)
    return is_true({"status": status}, Condition.READY)


async def tell_disabled(tools: Collaborators, body: Manifest, identity: Identity) -> None:
    """Say that the annotation keeps the operator's hands off; all else of the status stays.

    observedGeneration stays too: the spec as it is now was not looked at.

    Raises:
        errors.ClusterError: the API server refused or did not answer.
    """
    before = body.get("status") or {}
    previous = before.get("conditions") or []
    (paused,) = settlement.settle(
        [pause.disabled()], previous, generation=identity.generation, now=tools.clock.now()
    )
    others = [one for one in previous if one["type"] != Condition.PAUSED]
    after = {**before, "conditions": [*others, paused]}
    if after["conditions"] != previous:
        await tools.api.write_status(body, after)


def is_true(body: Manifest, condition: Condition) -> bool:
    """Whether a condition of the resource was True when it was judged last."""
    conditions = (body.get("status") or {}).get("conditions") or ()
    return any(one["type"] == condition and one["status"] == "True" for one in conditions)


def reason(body: Manifest) -> str | None:
    """Why Ready is as it was judged last; None where it was not judged yet."""
    conditions = (body.get("status") or {}).get("conditions") or ()
    return next((one["reason"] for one in conditions if one["type"] == Condition.READY), None)


async def _tell(
    tools: Collaborators,
    body: Manifest,
    previous: list[dict[str, Any]],
    conditions: list[dict[str, Any]],
) -> None:
    """One event a cause: its new reason and message, told by Ready where that says the same.

    A Warning is what a person may have to look at: not what is on its way.
    """
    summary = next(one["reason"] for one in conditions if one["type"] == Condition.READY)
    after = {"status": {"conditions": conditions}}
    waits = summary in WAITING or is_true(after, Condition.PROGRESSING)
    for changed in settlement.transitions(previous, conditions):
        is_summary = changed["type"] == Condition.READY
        if changed["type"] not in TOLD or (not is_summary and changed["reason"] == summary):
            continue
        await events.post(
            tools.api,
            regarding=body,
            warning=changed["status"] == "False" and is_summary and not waits,
            reason=changed["reason"],
            note=changed["message"],
            now=tools.clock.now(),
        )
