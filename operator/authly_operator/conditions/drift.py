"""Synced, where somebody changed the registration and it is to be left so."""

from authly_operator.api import authly_client
from authly_operator.api.drift import DriftPolicy
from authly_operator.condition_names import Condition, Reason
from authly_operator.conditions import judgement
from authly_operator.conditions.judgement import Judgement
from authly_operator.observed_clients import ClientObserved


def judge(spec: authly_client.Spec, seen: ClientObserved, synced: Judgement) -> Judgement:
    """Synced as it was judged, unless drift is only reported: then the server has another."""
    unwritten = synced.true or synced.reason is Reason.NOT_REGISTERED
    if spec.drift_policy is not DriftPolicy.REPORT or not seen.drift or not unwritten:
        return synced
    paths = judgement.several((one.path for one in seen.drift), shown=8)
    message = (
        f"somebody changed the registration, and it is left so (spec.driftPolicy: Report): {paths}:"
        " see status.drift; set driftPolicy to Enforce to have it put back"
    )
    return judgement.fails(Condition.SYNCED, Reason.DRIFTED, message)
