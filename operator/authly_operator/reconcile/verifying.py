"""Show the token endpoint what the Secret for a client's pods holds, once for each change of it."""

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

from authly_operator.api import authly_client, client_authentication
from authly_operator.condition_names import Condition
from authly_operator.conditions.registration import WRITTEN
from authly_operator.desired import client_row, client_secret
from authly_operator.instance import endpoint, verification
from authly_operator.material import client_key, client_secret as material
from authly_operator.observed import ServerView
from authly_operator.observed_clients import ClientObserved, Verified
from authly_operator.reconcile import status
from authly_operator.reconcile.collaborators import Collaborators


async def verify(
    tools: Collaborators,
    body: Mapping[str, Any],
    spec: authly_client.Spec,
    seen: ClientObserved,
    url: str | None,
) -> ClientObserved:
    """Verify the credentials where there are any, unless these very ones were accepted before.

    `url` is None where the client may not be registered now.
    """
    if url is None or seen.server is None or not seen.server.ready:
        return seen
    if _is_due(spec, seen) and spec.auth.service_account is not None:
        return dataclasses.replace(seen, verified=await _believes(tools, body, seen))
    if not _is_due(spec, seen) or (proof := _proof(tools, spec, seen)) is None:
        return seen
    before = (body.get("status") or {}).get("verified")
    if before == proof.mark and status.is_true(body, Condition.CREDENTIALS_VERIFIED):
        return dataclasses.replace(seen, verified=Verified(mark=proof.mark))
    return dataclasses.replace(seen, verified=await _ask(tools, seen, proof.mark, proof.shown))


async def _believes(
    tools: Collaborators, body: Mapping[str, Any], seen: ClientObserved
) -> Verified:
    """Whether the server says that it takes tokens of service accounts: asked in each look.

    The operator has no such token, and could have one only by the right to be any pod.
    """
    assert seen.server is not None  # noqa: S101  # the caller has looked
    place = client_secret.internal_issuer_url(seen.server)
    try:
        methods = await endpoint.auth_methods(
            tools.http, place, seen.server.spec.effective_issuer()
        )
    except endpoint.Unfit as unfit:
        before = (body.get("status") or {}).get("verified")
        known = status.is_true(body, Condition.CREDENTIALS_VERIFIED)
        if known and before == client_row.SERVICE_ACCOUNT:  # by what it said then
            return Verified(mark=client_row.SERVICE_ACCOUNT)
        return Verified(unanswered=str(unfit))
    if client_row.SERVICE_ACCOUNT in methods:
        return Verified(mark=client_row.SERVICE_ACCOUNT)
    return Verified(refusal=await _why_not(tools, seen.server))


async def _why_not(tools: Collaborators, server: ServerView) -> str:
    """What somebody has to do."""
    told = f"AuthlyServer {server.identity.owner} takes no tokens of service accounts"
    cause = (await tools.accounts.find()).error
    return f"{told}: {cause or 'see its conditions, and KUBERNETES_ISSUER in its extraEnv'}"


@dataclasses.dataclass(frozen=True, slots=True)
class _Proof:
    """What is shown to the token endpoint, and what it is known by without telling it."""

    mark: str
    shown: verification.Credentials


def _is_due(spec: authly_client.Spec, seen: ClientObserved) -> bool:
    """Whether the server should know the client and take what it shows."""
    registered = seen.written is not None and seen.written.outcome in WRITTEN
    return registered and spec.enabled and seen.row is not None and seen.secret is not None


def _proof(tools: Collaborators, spec: authly_client.Spec, seen: ClientObserved) -> _Proof | None:
    """By the client secret in the Secret, or by the key there; None where there is neither."""
    assert seen.row is not None  # noqa: S101  # it is due
    assert seen.secret is not None  # noqa: S101  # it is due
    client_id, method = str(seen.row["client_id"]), spec.auth_method()
    may = authly_client.GrantType.CLIENT_CREDENTIALS in spec.grant_types
    shown = verification.Credentials(client_id=client_id, may_use_client_credentials=may)
    text, pem = seen.secret.data.get("client_secret"), seen.secret.data.get(client_key.KEY)
    if spec.has_secret() and text is not None:
        digest = material.digest(text)
        name = next((one.name for one in seen.secrets if one.digest == digest), None)
        in_form = method is client_authentication.AuthMethod.CLIENT_SECRET_POST
        by_secret = dataclasses.replace(shown, client_secret=text, in_form=in_form)
        return _Proof(f"{name}/{method}", by_secret)
    if spec.has_generated_key() and pem is not None:
        sign = _signer(tools, seen, pem)
        by_key = dataclasses.replace(shown, assertion=sign)
        return _Proof(f"{client_key.key_id(pem)}/{method}", by_key)
    return None


def _signer(tools: Collaborators, seen: ClientObserved, pem: str) -> Callable[[], str]:
    """Each assertion is good once."""
    assert seen.server is not None  # noqa: S101  # the caller has looked
    assert seen.row is not None  # noqa: S101  # likewise
    client_id, audience = str(seen.row["client_id"]), seen.server.spec.effective_issuer()

    def sign() -> str:
        jti = tools.draw(16).hex()
        return client_key.assertion(pem, client_id, audience, tools.clock.now(), jti)

    return sign


async def _ask(
    tools: Collaborators, seen: ClientObserved, mark: str, shown: verification.Credentials
) -> Verified:
    assert seen.server is not None  # noqa: S101  # the caller has looked
    place = client_secret.internal_issuer_url(seen.server)
    issuer = seen.server.spec.effective_issuer()
    try:
        got_token = await verification.verify(tools.http, place, issuer, shown)
    except verification.Refused as refused:
        return Verified(refusal=str(refused))
    except verification.Unanswered as unanswered:
        return Verified(unanswered=str(unanswered))
    return Verified(mark=mark, got_token=got_token)
