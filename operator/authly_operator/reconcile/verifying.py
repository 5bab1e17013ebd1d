"""Show the token endpoint what the Secret for a client's pods holds, once for each change of it."""

import dataclasses
from collections.abc import Mapping
from typing import Any

from authly_operator.api import authly_client, client_authentication
from authly_operator.condition_names import Condition
from authly_operator.conditions.registration import WRITTEN
from authly_operator.desired import client_secret
from authly_operator.instance import verification
from authly_operator.material import client_secret as material
from authly_operator.observed import ClientObserved, Verified
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
    text = _secret(spec, seen)
    if text is None or url is None or seen.server is None or not seen.server.ready:
        return seen
    client_id = str((seen.row or {})["client_id"])
    digest = material.digest(text)
    name = next((one.name for one in seen.secrets if one.digest == digest), None)
    mark = f"{name}/{spec.auth_method()}"
    before = (body.get("status") or {}).get("verified")
    if before == mark and status.is_true(body, Condition.CREDENTIALS_VERIFIED):
        return dataclasses.replace(seen, verified=Verified(mark=mark))
    shown = verification.Credentials(
        client_id=client_id,
        client_secret=text,
        in_form=spec.auth_method() is client_authentication.AuthMethod.CLIENT_SECRET_POST,
        may_use_client_credentials=authly_client.GrantType.CLIENT_CREDENTIALS in spec.grant_types,
    )
    return dataclasses.replace(seen, verified=await _ask(tools, seen, mark, shown))


def _secret(spec: authly_client.Spec, seen: ClientObserved) -> str | None:
    """The client secret in the Secret, where the server should know it and take it."""
    registered = seen.written is not None and seen.written.outcome in WRITTEN
    if not registered or not spec.enabled or not spec.has_secret():
        return None
    if seen.row is None or seen.secret is None:
        return None
    return seen.secret.data.get("client_secret")


async def _ask(
    tools: Collaborators, seen: ClientObserved, mark: str, shown: verification.Credentials
) -> Verified:
    assert seen.server is not None  # noqa: S101  # the caller has looked
    place = client_secret.internal_issuer_url(seen.server)
    issuer = seen.server.spec.effective_issuer()
    try:
        await verification.verify(tools.http, place, issuer, shown)
    except verification.Refused as refused:
        return Verified(refusal=str(refused))
    except verification.Unanswered as unanswered:
        return Verified(unanswered=str(unanswered))
    return Verified(mark=mark)
