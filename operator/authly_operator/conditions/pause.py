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
    if not case.spec.paused:
        return disabled()
    message = "spec.paused is true: set it to false to let the operator act again"
    return judgement.holds(TYPE, Reason.PAUSED, message)


def disabled() -> Judgement:
    """Paused by the annotation, which a resource of any kind may have."""
    cause = f"annotation {naming.RECONCILE_ANNOTATION} is disabled"
    message = f"{cause}, nothing is looked at: remove it to let the operator act again"
    return judgement.holds(TYPE, Reason.PAUSED, message)
