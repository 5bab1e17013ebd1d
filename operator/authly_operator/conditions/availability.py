"""Available: as many replicas are available as the spec wants."""

from typing import Final

from authly_operator import naming
from authly_operator.condition_names import Condition, Reason
from authly_operator.conditions import blockage, judgement
from authly_operator.conditions.judgement import Judgement
from authly_operator.conditions.situation import Situation


TYPE: Final = Condition.AVAILABLE


def judge(case: Situation) -> Judgement:
    """Judge the Deployment's available replicas, of whatever image they are."""
    place, wanted = f"Deployment {naming.deployment(case.seen.identity.name)}", case.wanted
    if case.restoring:
        message = f"nothing serves while AuthlyRestore {case.restoring} replaces the database"
        return judgement.fails(TYPE, Reason.RESTORING, message)
    if wanted == 0:
        message = "spec.replicas is 0, so nothing serves: set it to 1 or more to serve"
        return judgement.fails(TYPE, Reason.SCALED_TO_ZERO, message)
    if case.deployment is None:
        message = f"{place} does not exist yet: it is made when the database is migrated"
        return judgement.fails(TYPE, Reason.NOT_DEPLOYED, message)
    if case.available >= wanted:
        message = f"{case.available} replicas are available"
        return judgement.holds(TYPE, Reason.REPLICAS_AVAILABLE, message)
    return _unavailable(case, f"{place}: {case.available} of {wanted} replicas are available")


def _unavailable(case: Situation, count: str) -> Judgement:
    blocked = blockage.find(case.seen, naming.Component.SERVER)
    if blocked:
        return judgement.fails(TYPE, blocked.reason, f"{count}: {blocked.text}")
    advice = "others are starting, or fail their readiness probe"
    where = f"kubectl get pods -n {case.seen.identity.namespace}"
    message = f"{count}: {advice}: see {where}"
    return judgement.fails(TYPE, Reason.REPLICAS_UNAVAILABLE, message)
