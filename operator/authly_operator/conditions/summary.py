"""Ready as the summary of the conditions that it needs."""

from collections.abc import Iterable, Mapping

from authly_operator.api.reference import ConditionStatus
from authly_operator.condition_names import Condition
from authly_operator.conditions import judgement
from authly_operator.conditions.judgement import Judgement


Judged = Mapping[Condition, Judgement]


def lacking(judged: Judged, needed: Iterable[Condition]) -> Judgement | None:
    """Ready as False by the first needed condition that does not hold, or None.

    What is known to be wrong goes before what nobody could ask: it is the likelier cause.
    """
    not_true = [judged[one] for one in needed if not judged[one].true]
    not_true.sort(key=lambda one: one.status is ConditionStatus.UNKNOWN)
    if not not_true:
        return None
    return judgement.fails(Condition.READY, not_true[0].reason, not_true[0].message)
