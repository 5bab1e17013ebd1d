"""CredentialsVerified: the token endpoint took what the Secret for the client's pods holds."""

from typing import Final

from authly_operator.api import authly_client
from authly_operator.condition_names import Condition, Reason
from authly_operator.conditions import judgement
from authly_operator.conditions.judgement import Judgement
from authly_operator.observed_clients import ClientObserved


TYPE: Final = Condition.CREDENTIALS_VERIFIED


def judge(spec: authly_client.Spec, seen: ClientObserved) -> Judgement:
    """Judge what the token endpoint said; nothing is claimed where nobody asked it."""
    if not spec.has_secret() and not spec.has_generated_key():
        message = f"a client of auth.method {spec.auth_method()} has no secret to verify"
        return judgement.holds(TYPE, Reason.NOTHING_TO_VERIFY, message)
    if not spec.enabled:
        message = "spec.enabled is false: the server refuses whatever the client shows"
        return judgement.holds(TYPE, Reason.NOTHING_TO_VERIFY, message)
    asked = seen.verified
    if asked is None:
        message = "the token endpoint was not asked yet: see Synced and the server's conditions"
        return judgement.unknown(TYPE, Reason.NOT_VERIFIED, message)
    if asked.refusal is not None:
        message = (
            f"the token endpoint refuses {_shown(spec)} of the Secret:"
            f" {judgement.excerpt(asked.refusal)}: asked again by itself"
        )
        return judgement.fails(TYPE, Reason.CREDENTIALS_REFUSED, message)
    if asked.unanswered is not None:
        message = (
            f"the token endpoint did not say whether it takes {_shown(spec)} of the Secret:"
            f" {judgement.excerpt(asked.unanswered)}: asked again by itself"
        )
        return judgement.fails(TYPE, Reason.ENDPOINT_UNREACHABLE, message)
    message = f"the token endpoint took {_shown(spec)} of the Secret"
    return judgement.holds(TYPE, Reason.CREDENTIALS_ACCEPTED, message)


def _shown(spec: authly_client.Spec) -> str:
    return "client_id and client_secret" if spec.has_secret() else "what was signed by private_key"
