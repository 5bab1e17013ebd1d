"""Changes that somebody made of a registration: found at each look, put back or told of."""

from collections.abc import Mapping
from typing import Any, Final

from authly_operator.api import authly_client
from authly_operator.api.drift import Drift, DriftPolicy
from authly_operator.cluster import events
from authly_operator.conditions import judgement
from authly_operator.desired import client_drift
from authly_operator.observed_clients import ClientObserved
from authly_operator.reconcile.collaborators import Collaborators


Body = Mapping[str, Any]
_GONE: Final = (
    "somebody took {} from what the server's database takes of the client, before the overlap was"
    " over: whoever still shows that former secret, or key, is refused: restart them with the"
    " current one"
)
_LOST: Final = (
    "the Secret of the client's credentials was gone, and nobody knows what it held: it has new"
    " ones, and those before are good for spec.rotation.overlap yet: restart whoever reads it"
)
_PUT_BACK: Final = frozenset({"Created", "Updated"})


def before(body: Body) -> client_drift.Before:
    """What the status remembers.

    Where the spec was edited twice since, an operator may have written what it said in between, and
    died before it told: what differs now is nobody's drift then.
    """
    status = body.get("status") or {}
    drift = tuple(Drift.model_validate(one) for one in status.get("drift") or ())
    judged = int(status.get("observedGeneration") or 0)
    is_last = judged + 1 >= body["metadata"]["generation"]
    return client_drift.Before(synced=status.get("synced") if is_last else None, drift=drift)


def facts(
    body: Body, spec: authly_client.Spec, seen: ClientObserved, *, refused: bool
) -> dict[str, Any]:
    """What the status is to remember; nothing where the operator itself disabled the client."""
    if refused and not (seen.row or {}).get("enabled"):
        return {}
    if seen.synced is None:
        told = body.get("status") or {}
        return {key: told.get(key) for key in ("synced", "drift")}
    reported = seen.drift if spec.drift_policy is DriftPolicy.REPORT else ()
    drift = [one.model_dump(mode="json", by_alias=True) for one in reported]
    return {"synced": seen.synced, "drift": drift or None}


async def tell(
    tools: Collaborators, body: Body, spec: authly_client.Spec, seen: ClientObserved
) -> None:
    """One event for what was put back; what is left as it is, Ready tells of.

    A former secret that is gone cannot be put back: nobody has it any more.
    """
    if seen.lost and (body.get("status") or {}).get("secretRef"):
        await _warn(tools, body, "SecretLost", _LOST)
    if seen.taken:
        await _warn(tools, body, "FormerSecretGone", _GONE.format(", ".join(seen.taken)))
    wrote = seen.written is not None and seen.written.outcome in _PUT_BACK
    if not wrote or not seen.drift or spec.drift_policy is not DriftPolicy.ENFORCE:
        return
    paths = judgement.several((one.path for one in seen.drift), shown=8)
    note = f"somebody changed the registration in the server's database; put back: {paths}"
    await _warn(tools, body, "DriftCorrected", note)


async def _warn(tools: Collaborators, body: Body, reason: str, note: str) -> None:
    await events.post(
        tools.api, regarding=body, warning=True, reason=reason, note=note, now=tools.clock.now()
    )
