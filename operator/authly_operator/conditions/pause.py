"""Paused: the operator was told to keep its hands off."""

from typing import Final

from authly_operator import naming
from authly_operator.condition_names import Condition, Reason
from authly_operator.conditions import judgement
from authly_operator.conditions.judgement import Judgement
from authly_operator.conditions.situation import Situation


TYPE: Final = Condition.PAUSED


def judge(case: Situation) -> Judgement:
    """Judge the spec and the annotation; the other conditions go on telling what is observed."""
    if not case.paused:
        return judgement.fails(TYPE, Reason.NOT_PAUSED, "the operator acts on the spec")
    cause = (
        "spec.paused is true: set it to false"
        if case.spec.paused
        else f"annotation {naming.RECONCILE_ANNOTATION} is disabled: remove it"
    )
    return judgement.holds(TYPE, Reason.PAUSED, f"{cause} to let the operator act again")
