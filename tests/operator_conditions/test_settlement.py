"""How judgements become the dated condition list of a status."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from authly_operator.condition_names import Condition, Reason
from authly_operator.conditions import judgement, settlement
from authly_operator.conditions.judgement import Judgement


NOON = datetime(2026, 3, 1, 12, 0, 0, 999_999, tzinfo=UTC)
LATER = NOON + timedelta(hours=1)
READY = judgement.holds(Condition.READY, Reason.READY, "well")
UNREADY = judgement.fails(Condition.READY, Reason.APPLY_FAILED, "refused")
MIGRATED = judgement.holds(Condition.MIGRATED, Reason.MIGRATED, "done")


def settle(
    *judged: Judgement, before: list[dict[str, Any]], now: datetime = NOON
) -> list[dict[str, Any]]:
    return settlement.settle(judged, before, generation=7, now=now)


def test_a_condition_is_written_as_kubernetes_writes_conditions() -> None:
    assert settle(READY, before=[]) == [
        {
            "type": "Ready",
            "status": "True",
            "reason": "Ready",
            "message": "well",
            "observedGeneration": 7,
            "lastTransitionTime": "2026-03-01T12:00:00Z",
        }
    ]


def test_the_time_of_the_transition_is_kept_while_the_status_is_the_same() -> None:
    before = settle(READY, before=[])
    other = judgement.holds(Condition.READY, Reason.ROLLING_OUT, "still well")

    (after,) = settle(other, before=before, now=LATER)

    assert after["lastTransitionTime"] == "2026-03-01T12:00:00Z"
    assert after["reason"] == "RollingOut"


def test_a_change_of_status_is_dated_now() -> None:
    before = settle(READY, before=[])

    (after,) = settle(UNREADY, before=before, now=LATER)

    assert after["lastTransitionTime"] == "2026-03-01T13:00:00Z"


def test_times_are_in_utc_whatever_the_clock_says() -> None:
    elsewhere = NOON.astimezone(timezone(timedelta(hours=2)))

    assert settle(READY, before=[], now=elsewhere) == settle(READY, before=[])


def test_conditions_come_in_one_order_and_foreign_ones_are_dropped() -> None:
    foreign = {"type": "Frozen", "status": "True", "reason": "X", "message": ""}

    one, other = settle(MIGRATED, READY, before=[foreign]), settle(READY, MIGRATED, before=[])

    assert one == other
    assert [each["type"] for each in one] == ["Ready", "Migrated"]


def test_an_entry_that_somebody_mangled_is_dated_anew() -> None:
    (after,) = settle(READY, before=[{}, {"type": "Ready", "status": "True"}])

    assert after["lastTransitionTime"] == "2026-03-01T12:00:00Z"


def test_transitions_are_changes_of_status_or_reason_and_not_of_words() -> None:
    before = settle(READY, MIGRATED, before=[])
    reworded = judgement.holds(Condition.MIGRATED, Reason.MIGRATED, "other words")

    after = settle(UNREADY, reworded, before=before, now=LATER)

    assert [one["reason"] for one in settlement.transitions(before, after)] == ["ApplyFailed"]
    assert settlement.transitions(after, after) == []
    assert settlement.transitions([], after) == after
