"""Write a status in one go, only where it changed, and tell of what changed in it."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from authly_operator.cluster import events
from authly_operator.condition_names import Condition, Reason
from authly_operator.conditions import judgement, pause, settlement, standing
from authly_operator.conditions.judgement import Judgement
from authly_operator.observed import Identity
from authly_operator.reconcile import custom_resource
from authly_operator.reconcile.collaborators import Collaborators
from authly_operator.workqueue import Key


Manifest = Mapping[str, Any]
TOLD: Final = frozenset(
    {Condition.READY, Condition.MIGRATED, Condition.PROGRESSING, Condition.SECRET_ROTATED}
)
"""Conditions whose changes become events: what a person would want to hear of."""
EPISODES: Final = frozenset({Condition.SECRET_ROTATED})
"""Those of them that are told of only when they become False, and when that is over."""
WAITING: Final = frozenset({Reason.WAITING_FOR_SERVER, Reason.DELETING, Reason.RESTORING})
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
    before, previous = body.get("status") or {}, _conditions(body)
    every = tuple(judged)
    conditions = settlement.settle(
        (*every, *standing.judge(every)),
        previous,
        generation=identity.generation,
        now=tools.clock.now(),
    )
    told = {key: fact for key, fact in (facts or {}).items() if fact is not None}
    status = {"observedGeneration": identity.generation, "conditions": conditions, **told}
    if status != before:
        await tools.api.write_status(body, status)
        await _tell(tools, body, previous, conditions)
    return is_true({"status": status}, Condition.READY)


async def tell_disabled(tools: Collaborators, body: Manifest, identity: Identity) -> None:
    """Say that the annotation keeps the operator's hands off; all else of the status stays.

    Raises:
        errors.ClusterError: the API server refused or did not answer.
    """
    await _tell_one(tools, body, identity, pause.disabled())


async def tell_forbidden(tools: Collaborators, key: Key, refusal: str) -> None:
    """Say in Ready that the operator has no right to look; all else of the status stays.

    Raises:
        errors.ClusterError: the API server refused that, too, or did not answer.
    """
    body = await tools.api.get(*key)
    if body is None:
        return
    identity, previous = custom_resource.identify(body), _conditions(body)
    conditions = await _tell_one(tools, body, identity, judgement.forbidden(refusal))
    await _tell(tools, body, previous, conditions)


async def _tell_one(
    tools: Collaborators, body: Manifest, identity: Identity, judged: Judgement
) -> list[dict[str, Any]]:
    """Write one condition; observedGeneration stays, as the spec as it is was not looked at."""
    previous = _conditions(body)
    settled = settlement.settle(
        [judged], previous, generation=identity.generation, now=tools.clock.now()
    )
    others = [one for one in previous if one["type"] != judged.type]
    conditions = settlement.ordered([*others, *settled])
    if conditions != previous:
        await tools.api.write_status(body, {**(body.get("status") or {}), "conditions": conditions})
    return conditions


def _conditions(body: Manifest) -> list[dict[str, Any]]:
    return (body.get("status") or {}).get("conditions") or []


def is_true(body: Manifest, condition: Condition) -> bool:
    """Whether a condition of the resource was True when it was judged last."""
    return any(one["type"] == condition and one["status"] == "True" for one in _conditions(body))


def reason(body: Manifest) -> str | None:
    """Why Ready is as it was judged last; None where it was not judged yet."""
    return _of_ready(body, "reason")


def message(body: Manifest) -> str | None:
    """What Ready said when it was judged last; None where it was not judged yet."""
    return _of_ready(body, "message")


def _of_ready(body: Manifest, key: str) -> str | None:
    found = (one[key] for one in _conditions(body) if one["type"] == Condition.READY)
    return next(found, None)


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
        if not is_summary and (changed["reason"] == summary or not _is_told(changed, previous)):
            continue
        await events.post(
            tools.api,
            regarding=body,
            warning=changed["status"] == "False" and is_summary and not waits,
            reason=changed["reason"],
            note=changed["message"],
            now=tools.clock.now(),
        )


def _is_told(changed: Manifest, previous: list[dict[str, Any]]) -> bool:
    kind = changed["type"]
    statuses = {one["status"] for one in (*previous, changed) if one["type"] == kind}
    return kind in TOLD and (kind not in EPISODES or "False" in statuses)
