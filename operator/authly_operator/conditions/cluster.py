"""A part of DatabaseReady: the Cluster of CloudNativePG that the operator made."""

from typing import Final

from authly_operator import naming
from authly_operator.condition_names import Condition, Reason
from authly_operator.conditions import judgement
from authly_operator.conditions.judgement import Judgement
from authly_operator.conditions.situation import Situation


TYPE: Final = Condition.DATABASE_READY
REFERENCE: Final = "(database.cloudNativePG)"
"""What material's sentences about the Secrets of CloudNativePG contain."""


def judge(case: Situation) -> Judgement | None:
    """What stands between a template and the Secrets that CloudNativePG writes; None is nothing."""
    wanted = case.spec.database.cloud_native_pg
    if wanted is None or wanted.template is None:
        return None
    place = f"Cluster {naming.database(case.seen.identity.name)}"
    if "Cluster" in case.seen.unavailable:
        message = f"{place}: {case.seen.unavailable['Cluster']}"
        return judgement.fails(TYPE, Reason.KIND_UNAVAILABLE, message)
    return _not_up(case, place)


def _not_up(case: Situation, place: str) -> Judgement | None:
    found = case.seen.child("Cluster", naming.database(case.seen.identity.name))
    if found is None:
        message = f"{place} does not exist yet: the operator makes it"
        return judgement.fails(TYPE, Reason.DATABASE_NOT_CREATED, message)
    if not any(REFERENCE in sentence for sentence in case.expected.missing):
        return None
    status = found.get("status") or {}
    phase = ": ".join(one for one in (status.get("phase"), status.get("phaseReason")) if one)
    told = judgement.excerpt(phase) or "no word of CloudNativePG yet: check that it runs"
    return judgement.fails(TYPE, Reason.DATABASE_STARTING, f"{place}: {told}")
