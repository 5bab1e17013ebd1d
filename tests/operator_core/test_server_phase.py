"""The one word for people, by the conditions."""

from collections.abc import Iterable

import pytest

from authly_operator.condition_names import Condition, Reason
from authly_operator.conditions import judgement
from authly_operator.reconcile import server_status


EVERY = (Condition.READY, Condition.PROGRESSING, Condition.PAUSED)


def judged(true: Iterable[str]) -> list[judgement.Judgement]:
    return [
        (judgement.holds if one in true else judgement.fails)(one, Reason.READY, "")
        for one in EVERY
    ]


@pytest.mark.parametrize(
    ("true", "phase"),
    [
        ({"Ready"}, "Ready"),
        ({"Ready", "Progressing"}, "RollingOut"),
        ({"Progressing"}, "Progressing"),
        (set(), "Degraded"),
        ({"Ready", "Paused"}, "Paused"),
        ({"Paused"}, "Paused"),
    ],
)
def test_a_phase_sums_up_the_conditions(true: set[str], phase: str) -> None:
    assert server_status.phase(judged(true)) == {"phase": phase}
