"""What GitOps tools make of a server, by their own library and in their own language."""

import json
import re
import subprocess
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from tests.interop import go_program
from tests.operator_conditions.verdicts import Judge

from authly_operator import naming
from authly_operator.api.reference import ConditionStatus
from authly_operator.condition_names import Condition, Reason
from authly_operator.conditions import judgement, settlement, standing
from authly_operator.conditions.judgement import Judgement


pytestmark = pytest.mark.timeout(400)  # the first run compiles
HERE = Path(__file__).resolve().parent
GENERATION = 3
Object = dict[str, Any]
Ask = Callable[..., tuple[str, str]]


@pytest.fixture(scope="module")
def ask() -> Ask:
    """Answers the words of kstatus and of the Argo CD script for a judged AuthlyServer."""
    binary = go_program.build(HERE / "kstatus")
    guide = (HERE.parents[1] / "docs" / "operations.md").read_text()
    (script,) = re.findall(r"```lua\n(.*?)```", guide, re.DOTALL)

    def answer(judged: Iterable[Judgement], **metadata: object) -> tuple[str, str]:
        given = json.dumps({"script": script, "objects": [resource(judged, **metadata)]})
        done = subprocess.run(  # noqa: S603
            [binary], input=given, capture_output=True, text=True, check=False, timeout=30
        )
        assert done.stderr == ""
        kstatus, argo = done.stdout.split()
        return kstatus, argo

    return answer


def resource(judged: Iterable[Judgement], **metadata: object) -> Object:
    every = tuple(judged)
    conditions = settlement.settle(
        (*every, *standing.judge(every)),
        [],
        generation=GENERATION,
        now=datetime(2026, 3, 1, tzinfo=UTC),
    )
    about = {"name": "main", "namespace": "auth", "generation": GENERATION, **metadata}
    return {
        "apiVersion": naming.API_VERSION,
        "kind": "AuthlyServer",
        "metadata": about,
        "status": {"observedGeneration": GENERATION, "conditions": conditions},
    }


def judgements(judged: dict[str, tuple[str, str, str]]) -> list[Judgement]:
    return [
        Judgement(Condition(kind), ConditionStatus(status), Reason(reason), message)
        for kind, (status, reason, message) in judged.items()
    ]


def test_a_server_that_is_well_is_current_and_says_nothing_more(
    judge_server: Judge, ask: Ask
) -> None:
    judged = judgements(judge_server())
    assert standing.judge(judged) == ()
    assert ask(judged) == ("Current", "Healthy")


NOTHING: Object = {"children": {}, "secrets": {}, "database": None, "endpoint": None}
ON_ITS_WAY = ("InProgress", "Progressing")
NEEDS_SOMEBODY = ("Failed", "Degraded")


@pytest.mark.parametrize(
    ("seen", "words"),
    [
        pytest.param(NOTHING, ON_ITS_WAY, id="nothing yet"),
        pytest.param({"without": ("StatefulSet",)}, ON_ITS_WAY, id="no database yet"),
        pytest.param({"endpoint": None}, ON_ITS_WAY, id="nobody answers yet"),
        pytest.param({"missing": ("Secret pg is not there",)}, ON_ITS_WAY, id="no Secret yet"),
        pytest.param({"failures": ("Ingress main: refused",)}, NEEDS_SOMEBODY, id="refused"),
    ],
)
def test_a_server_that_is_not_well_is_on_its_way_or_needs_somebody(
    judge_server: Judge, ask: Ask, seen: Object, words: tuple[str, str]
) -> None:
    assert ask(judgements(judge_server(**seen))) == words


def test_a_server_that_serves_while_it_rolls_out_is_on_its_way(ask: Ask) -> None:
    ready = judgement.holds(Condition.READY, Reason.ROLLING_OUT, "answers")
    progress = judgement.holds(Condition.PROGRESSING, Reason.ROLLING_OUT, "1 of 2")
    assert ask((ready, progress)) == ON_ITS_WAY


def test_a_spec_that_cannot_be_read_fails(ask: Ask) -> None:
    assert ask(judgement.invalid("spec.replicas: not a number")) == NEEDS_SOMEBODY


def test_what_was_judged_of_an_older_spec_counts_for_nothing(judge_server: Judge, ask: Ask) -> None:
    judged = judgements(judge_server())
    assert ask(judged, generation=GENERATION + 1) == ON_ITS_WAY


def test_a_server_that_is_going_is_terminating(judge_server: Judge, ask: Ask) -> None:
    going = ask(judgements(judge_server()), deletionTimestamp="2026-03-01T00:00:00Z")
    assert going[0] == "Terminating"


def test_a_paused_server_is_suspended(judge_server: Judge, ask: Ask) -> None:
    assert ask(judgements(judge_server(spec={"paused": True})))[1] == "Suspended"


@pytest.mark.parametrize("reason", Reason)
def test_each_reason_of_not_being_ready_is_one_of_both(reason: Reason) -> None:
    (told,) = standing.judge([judgement.fails(Condition.READY, reason, "why")])
    stuck = reason in standing.STUCK
    assert told.type is (Condition.STALLED if stuck else Condition.RECONCILING)
    assert (told.true, told.reason, told.message) == (True, reason, "why")
