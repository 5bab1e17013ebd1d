"""EndpointReady: discovery answers, and names the issuer of the spec (RFC 8414 section 3.3)."""

from typing import Final

from authly_operator import naming
from authly_operator.condition_names import Condition, Reason
from authly_operator.conditions import judgement
from authly_operator.conditions.judgement import Judgement
from authly_operator.conditions.situation import Situation
from authly_operator.observed import EndpointProbe


TYPE: Final = Condition.ENDPOINT_READY


def judge(case: Situation) -> Judgement:
    """Judge the answer of the discovery document; without a question nothing is claimed."""
    if case.spec.replicas == 0:
        message = "spec.replicas is 0, so nothing answers"
        return judgement.unknown(TYPE, Reason.SCALED_TO_ZERO, message)
    if case.seen.endpoint is None:
        message = "no replica is available that could be asked: see Available"
        return judgement.unknown(TYPE, Reason.NOT_PROBED, message)
    return _answer(case, case.seen.endpoint)


def _answer(case: Situation, probe: EndpointProbe) -> Judgement:
    identity, wanted = case.seen.identity, case.spec.effective_issuer()
    if probe.issuer is None or probe.error is not None:
        said = judgement.excerpt(probe.error or "it names no issuer")
        advice = (
            f"read kubectl logs -n {identity.namespace} deploy/{naming.deployment(identity.name)}"
        )
        message = f"the discovery document cannot be read: {said}: {advice}"
        return judgement.fails(TYPE, Reason.ENDPOINT_UNREACHABLE, message)
    if probe.issuer != wanted:
        found = judgement.excerpt(probe.issuer, 256)
        advice = "clients refuse it; pods of before an edit answer so until the roll-out is over"
        message = f"discovery names the issuer {found} and not {wanted}: {advice}"
        return judgement.fails(TYPE, Reason.ISSUER_MISMATCH, message)
    return judgement.holds(TYPE, Reason.ISSUER_ANSWERS, f"discovery answers with issuer {wanted}")
