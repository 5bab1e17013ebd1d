"""CredentialsVerified: the token endpoint took what the Secret for the client's pods holds."""

from typing import Final

from authly_operator.api import authly_client, client_proof
from authly_operator.condition_names import Condition, Reason
from authly_operator.conditions import judgement
from authly_operator.conditions.judgement import Judgement
from authly_operator.observed_clients import ClientObserved, Verified


TYPE: Final = Condition.CREDENTIALS_VERIFIED
_SWITCHED_OFF: Final = "spec.enabled is false: the server refuses whatever the client shows"


def judge(spec: authly_client.Spec, seen: ClientObserved) -> Judgement:
    """Judge what the token endpoint said; nothing is claimed where nobody asked it."""
    if (nothing := _nothing(spec)) is not None:
        return judgement.holds(TYPE, Reason.NOTHING_TO_VERIFY, nothing)
    asked, account = seen.verified, spec.auth.service_account
    if asked is None:
        message = "the token endpoint was not asked yet: see Synced and the server's conditions"
        return judgement.unknown(TYPE, Reason.NOT_VERIFIED, message)
    return _shown_by(spec, asked) if account is None else _believed(account, seen, asked)


def _nothing(spec: authly_client.Spec) -> str | None:
    """Why nobody has to be asked."""
    proves = spec.has_secret() or spec.has_generated_key() or spec.auth.service_account
    if not proves:
        return f"a client of auth.method {spec.auth_method()} has no secret to verify"
    return None if spec.enabled else _SWITCHED_OFF


def _shown_by(spec: authly_client.Spec, asked: Verified) -> Judgement:
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


def _believed(
    account: client_proof.ServiceAccount, seen: ClientObserved, asked: Verified
) -> Judgement:
    """Only a pod has a token of the account, so the server's word has to do."""
    if asked.refusal is not None:
        return judgement.fails(TYPE, Reason.SERVICE_ACCOUNTS_NOT_BELIEVED, asked.refusal)
    if asked.unanswered is not None:
        message = (
            "the server did not say whether it takes tokens of service accounts:"
            f" {judgement.excerpt(asked.unanswered)}: asked again by itself"
        )
        return judgement.fails(TYPE, Reason.ENDPOINT_UNREACHABLE, message)
    audience = account.audience or (seen.server.spec.effective_issuer() if seen.server else "")
    message = (
        "the server takes tokens of service accounts: mount one of"
        f" {seen.identity.namespace}/{account.name} for audience {audience}"
    )
    return judgement.holds(TYPE, Reason.SERVICE_ACCOUNTS_BELIEVED, message)


def _shown(spec: authly_client.Spec) -> str:
    return "client_id and client_secret" if spec.has_secret() else "what was signed by private_key"
