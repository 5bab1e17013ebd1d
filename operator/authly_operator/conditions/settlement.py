"""From judgements to the dated condition list of a status (metav1.Condition)."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from authly_operator.condition_names import Condition
from authly_operator.conditions.judgement import Judgement


ORDER: Final = {condition: place for place, condition in enumerate(Condition)}


def settle(
    judged: Iterable[Judgement],
    previous: Sequence[Mapping[str, Any]],
    *,
    generation: int,
    now: datetime,
) -> list[dict[str, Any]]:
    """The conditions in the order of Condition; types that were not judged are dropped.

    `lastTransitionTime` (RFC 3339, whole seconds, UTC) is kept where the status is the same, so
    that the same judgements settle to the same list and nothing is written. `now` knows its zone.
    """
    before = _by_type(previous)
    latest = {one.type: one for one in judged}
    return [
        _settled(latest[condition], before.get(condition.value, {}), generation, now)
        for condition in sorted(latest, key=ORDER.__getitem__)
    ]


def ordered(conditions: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Settled conditions in the order of Condition; types of other versions come last."""
    places = {condition.value: place for condition, place in ORDER.items()}
    return sorted(map(dict, conditions), key=lambda one: places.get(one["type"], len(places)))


def transitions(
    previous: Sequence[Mapping[str, Any]], settled: Sequence[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """The settled conditions whose status or reason differs from before: what events tell of."""
    before = {kind: _heart(one) for kind, one in _by_type(previous).items()}
    return [dict(one) for one in settled if before.get(str(one["type"])) != _heart(one)]


def _settled(
    one: Judgement, before: Mapping[str, Any], generation: int, now: datetime
) -> dict[str, Any]:
    same = before.get("status") == one.status.value
    kept = before.get("lastTransitionTime") if same else None
    return {
        "type": one.type.value,
        "status": one.status.value,
        "reason": one.reason.value,
        "message": one.message,
        "observedGeneration": generation,
        "lastTransitionTime": kept or now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
    }


def _by_type(conditions: Sequence[Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    return {str(one.get("type")): one for one in conditions}


def _heart(one: Mapping[str, Any]) -> tuple[Any, Any]:
    return one.get("status"), one.get("reason")
