"""An AuthlyScope's conditions: its server, the server's leave, and the registered row."""

from dataclasses import replace
from typing import Final

from authly_operator.api import authly_scope
from authly_operator.condition_names import Condition, Reason
from authly_operator.conditions import judgement, registration, summary
from authly_operator.conditions.judgement import Judgement
from authly_operator.observed_clients import ScopeObserved


NEEDED: Final = (Condition.SERVER_RESOLVED, Condition.ACCEPTED, Condition.SYNCED)
"""What a scope must have to be Ready, in the order in which it comes about."""


def judge(spec: authly_scope.Spec, seen: ScopeObserved) -> tuple[Judgement, ...]:
    """Every condition of the scope, Ready first."""
    judged = (
        registration.server_resolved(spec.server_ref, seen),
        registration.accepted(spec, seen),
        _synced(spec, seen),
    )
    return (_ready(seen, {one.type: one for one in judged}), *judged)


def _synced(spec: authly_scope.Spec, seen: ScopeObserved) -> Judgement:
    judged = registration.synced(f"scope {spec.name}", spec, seen)
    if judged.reason is not Reason.IN_USE:
        return judged
    users = seen.row.get("in_use_by") if seen.row else None
    who = "clients of" if users is None else f"{users} client(s) of"
    message = (
        f"scope {spec.name} is not deleted: {who} the server may ask for it: remove it from their"
        " spec.scopes, or set spec.deletionPolicy to Orphan"
    )
    return replace(judged, message=message)


def _ready(seen: ScopeObserved, judged: dict[Condition, Judgement]) -> Judgement:
    if seen.identity.deleting:
        return registration.leaving(judged)
    message = judged[Condition.SYNCED].message
    return summary.lacking(judged, NEEDED) or judgement.holds(
        Condition.READY, Reason.READY, message
    )
