"""An AuthlyClient's conditions: its server and leave, its scopes, the row, and the Secret."""

from collections.abc import Mapping
from typing import Any, Final

from authly_operator import naming
from authly_operator.api import authly_client
from authly_operator.condition_names import Condition, Reason
from authly_operator.conditions import (
    credentials,
    drift,
    judgement,
    redirect_source,
    registration,
    rotation,
    summary,
    verification,
)
from authly_operator.conditions.judgement import Judgement
from authly_operator.observed import SecretData
from authly_operator.observed_clients import ClientObserved


NEEDED: Final = (
    Condition.SERVER_RESOLVED,
    Condition.ACCEPTED,
    Condition.SCOPES_RESOLVED,
    Condition.SYNCED,
    Condition.CREDENTIALS_READY,
)
"""What a client must have to be Ready, in the order in which it comes about."""
CAUSES: Final = frozenset(
    {Reason.SECRET_NOT_FOUND, Reason.SECRET_KEY_NOT_FOUND, Reason.SECRET_TAKEN}
)
"""Faults of Secrets that keep a client from being registered, since the Secret comes first."""


def judge(
    spec: authly_client.Spec, seen: ClientObserved, expected: SecretData | None = None
) -> tuple[Judgement, ...]:
    """Every condition of the client, Ready first.

    `expected` is the data that the Secret for the client's pods should hold; without it, the
    client secret alone is judged, by its hash in the server's row.
    """
    registered = registration.synced(f"client {_client_id(spec, seen)}", spec, seen)
    judged = (
        registration.server_resolved(spec.server_ref, seen),
        registration.accepted(spec, seen),
        _scopes_resolved(spec, seen, registered),
        *redirect_source.judge(spec, seen),
        drift.judge(spec, seen, registered),
        credentials.judge(spec, seen, expected),
        verification.judge(spec, seen),
        rotation.judge(spec, seen),
    )
    return (_ready(spec, seen, {one.type: one for one in judged}), *judged)


def _client_id(spec: authly_client.Spec, seen: ClientObserved) -> str:
    identity = seen.identity
    return spec.client_id or naming.client_id(identity.name, identity.namespace)


def _scopes_resolved(
    spec: authly_client.Spec, seen: ClientObserved, synced: Judgement
) -> Judgement:
    """Judge by the database's answer: only it knows which scopes are registered."""
    condition = Condition.SCOPES_RESOLVED
    if synced.reason is Reason.UNKNOWN_SCOPES:
        return judgement.fails(condition, Reason.UNKNOWN_SCOPES, _unknown_scopes(spec, seen))
    if synced.true:
        message = f"all {len(spec.scopes)} scopes are registered with the server"
        return judgement.holds(condition, Reason.SCOPES_FOUND, message)
    message = "the scopes were not looked up: see Synced"
    return judgement.unknown(condition, synced.reason, message)


def _unknown_scopes(spec: authly_client.Spec, seen: ClientObserved) -> str:
    detail: Any = seen.written.detail if seen.written else None
    names = [str(name) for name in detail] if isinstance(detail, list | tuple) else [str(detail)]
    server = spec.server_ref
    return (
        f"not registered with AuthlyServer {server.namespace or seen.identity.namespace}/"
        f"{server.name}: {judgement.several(names, shown=10)}: create an AuthlyScope of each"
        " name, or remove it from spec.scopes; goes on by itself"
    )


def _ready(
    spec: authly_client.Spec, seen: ClientObserved, judged: Mapping[Condition, Judgement]
) -> Judgement:
    if seen.identity.deleting:
        return registration.leaving(judged)
    return (
        _refused(seen)
        or _unfollowed(judged)
        or _needed(judged)
        or _unserved(seen)
        or summary.lacking(judged, (Condition.CREDENTIALS_VERIFIED,))
        or judgement.holds(Condition.READY, Reason.READY, _message(spec, seen))
    )


def _unfollowed(judged: Mapping[Condition, Judgement]) -> Judgement | None:
    """What is referred to comes before what was not written for want of it."""
    resolved = judged[Condition.SERVER_RESOLVED].true and judged[Condition.ACCEPTED].true
    followed = judged.get(Condition.REDIRECT_URIS_RESOLVED)
    if not resolved or followed is None or followed.true:
        return None
    return judgement.fails(Condition.READY, followed.reason, followed.message)


def _needed(judged: Mapping[Condition, Judgement]) -> Judgement | None:
    """A missing secret comes first: it is what nothing was written for."""
    secret = judged[Condition.CREDENTIALS_READY]
    resolved = judged[Condition.SERVER_RESOLVED].true and judged[Condition.ACCEPTED].true
    if resolved and secret.reason in CAUSES:
        return judgement.fails(Condition.READY, secret.reason, secret.message)
    return summary.lacking(judged, NEEDED)


def _refused(seen: ClientObserved) -> Judgement | None:
    """A write that failed is never followed by Ready."""
    if not seen.failures:
        return None
    message = f"the API server refused: {judgement.several(seen.failures)}"
    return judgement.fails(Condition.READY, Reason.APPLY_FAILED, message)


def _unserved(seen: ClientObserved) -> Judgement | None:
    """Registered, and nobody there yet who would give a token."""
    if seen.server is None or seen.server.ready:
        return None
    message = (
        f"registered; AuthlyServer {seen.server.identity.owner} is not ready to answer: see its"
        " conditions; goes on by itself"
    )
    return judgement.fails(Condition.READY, Reason.WAITING_FOR_SERVER, message)


def _message(spec: authly_client.Spec, seen: ClientObserved) -> str:
    name = _client_id(spec, seen)
    if spec.enabled:
        return f"client {name} can get tokens"
    return f"client {name} is registered and refused everywhere, since spec.enabled is false"
