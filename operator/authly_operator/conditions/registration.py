"""What scopes and clients have in common: their server, its leave, and the row in its database."""

from collections.abc import Mapping, Sequence
from typing import Final

from authly_operator.api import authly_client, authly_scope
from authly_operator.api.reference import ConditionStatus, ServerReference
from authly_operator.condition_names import Condition, Reason
from authly_operator.conditions import acceptance, applicant, judgement
from authly_operator.conditions.judgement import Judgement
from authly_operator.observed import ServerView, Written
from authly_operator.observed_clients import ClientObserved, ScopeObserved


Spec = authly_scope.Spec | authly_client.Spec
ADOPT: Final = ", or take it over by spec.adoptionPolicy IfUnowned"
Seen = ScopeObserved | ClientObserved

WRITTEN: Final = frozenset({"Created", "Updated", "Unchanged"})
"""Outcomes of apply_client and apply_scope after which the row is as wanted."""
GONE: Final = frozenset({"Deleted", "Absent", "Released"})
"""Outcomes of delete_client and delete_scope after which nothing is registered."""


def server_resolved(reference: ServerReference, seen: Seen) -> Judgement:
    """Judge whether the AuthlyServer of serverRef exists."""
    place = f"AuthlyServer {reference.namespace or seen.identity.namespace}/{reference.name}"
    if seen.server:
        message = f"{place} exists"
        return judgement.holds(Condition.SERVER_RESOLVED, Reason.SERVER_FOUND, message)
    message = f"{place} does not exist, or its spec is invalid: create it, or correct it"
    return judgement.fails(Condition.SERVER_RESOLVED, Reason.SERVER_NOT_FOUND, message)


def accepted(spec: Spec, seen: Seen) -> Judgement:
    """Judge whether the server admits the resource."""
    if seen.server is None:
        message = "there is no server to ask: see ServerResolved"
        return judgement.unknown(Condition.ACCEPTED, Reason.SERVER_NOT_FOUND, message)
    asks = applicant.of(spec, seen.identity, seen.namespace_labels)
    refusal = acceptance.refusal(seen.server, asks)
    if refusal is not None:
        message = f"{_BEFORE[_is_enabled(seen)]}{refusal.message}"
        return judgement.fails(Condition.ACCEPTED, refusal.reason, message)
    message = (
        f"AuthlyServer {seen.server.identity.owner} admits namespace {seen.identity.namespace}"
    )
    return judgement.holds(Condition.ACCEPTED, Reason.NAMESPACE_ADMITTED, message)


def _is_enabled(seen: Seen) -> bool | None:
    """Whether a client that is refused is served; None where nothing is registered of it."""
    if not isinstance(seen, ClientObserved) or seen.row is None:
        return None
    return bool(seen.row.get("enabled"))


_BEFORE: Final[Mapping[bool | None, str]] = {
    None: "",
    True: "the edit is refused, and what was registered before goes on: ",
    False: "the client is disabled: ",
}
_KEPT: Final[Mapping[bool | None, str]] = {
    None: "is not registered",
    True: "stays registered as before",
    False: "is disabled and gets no tokens",
}


def synced(subject: str, spec: Spec, seen: Seen) -> Judgement:
    """Judge whether the server's database holds the subject, for example "scope reports"."""
    server, leave = seen.server, accepted(spec, seen)
    if server is None:
        message = "there is no server to register with: see ServerResolved"
        return judgement.unknown(Condition.SYNCED, Reason.SERVER_NOT_FOUND, message)
    if not leave.true and not seen.identity.deleting:
        message = f"{subject} {_KEPT[_is_enabled(seen)]}: see Accepted"
        return judgement.fails(Condition.SYNCED, leave.reason, message)
    if seen.error is not None:
        return _unasked(server, seen.error)
    return _answered(subject, seen.written) or _row(subject, server, seen)


def _unasked(server: ServerView, error: str) -> Judgement:
    said = judgement.excerpt(error)
    if not server.database_ready:
        return _waiting(server, said)
    message = f"the database of AuthlyServer {server.identity.owner} cannot be asked: {said}"
    return judgement.fails(
        Condition.SYNCED, Reason.DATABASE_ERROR, f"{message}: tried again by itself"
    )


def _answered(subject: str, written: Written | None) -> Judgement | None:
    """Judge the answer to a write; None where nothing had to be written."""
    if written is None:
        return None
    if written.outcome in WRITTEN:
        return _registered(subject)
    if written.outcome in GONE:
        message = f"{subject} is no longer registered"
        return judgement.fails(Condition.SYNCED, Reason.DEREGISTERED, message)
    reason, message = _refusal(subject, written)
    return judgement.fails(Condition.SYNCED, reason, message)


def _refusal(subject: str, written: Written) -> tuple[Reason, str]:
    detail = _detail(written.detail)
    match written.outcome:
        case "Conflict":
            return Reason.CONFLICT, _conflict(subject, detail)
        case "Invalid":
            return Reason.INVALID_REGISTRATION, f"{subject} is refused: {detail}: correct the spec"
        case "UnknownScopes":
            return Reason.UNKNOWN_SCOPES, f"{subject} is not written: see ScopesResolved"
        case "InUse":
            return Reason.IN_USE, f"{subject} is kept while clients may ask for it"
        case _:
            outcome = judgement.excerpt(written.outcome)
            answer = f"the database answered {outcome} {detail}".rstrip()
            return Reason.DATABASE_ERROR, f"{subject}: {answer}, which this operator does not know"


def _row(subject: str, server: ServerView, seen: Seen) -> Judgement:
    """Judge the row that was there when nothing had to be written."""
    owner = seen.row.get("owner") if seen.row is not None else None
    if seen.row is not None and owner != seen.identity.owner:
        message = _conflict(subject, _detail(owner))
        return judgement.fails(Condition.SYNCED, Reason.CONFLICT, message)
    if seen.row is not None:
        return _registered(subject)
    if not server.database_ready:
        return _waiting(server)
    message = f"{subject} is not registered yet: the operator registers it"
    return judgement.fails(Condition.SYNCED, Reason.NOT_REGISTERED, message)


def _registered(subject: str) -> Judgement:
    return judgement.holds(Condition.SYNCED, Reason.REGISTERED, f"{subject} is registered")


def _waiting(server: ServerView, said: str = "") -> Judgement:
    because = f" ({said})" if said else ""
    message = (
        f"the database of AuthlyServer {server.identity.owner} is not ready{because}: see its"
        " DatabaseReady and Migrated; goes on by itself"
    )
    return judgement.fails(Condition.SYNCED, Reason.WAITING_FOR_SERVER, message)


def _conflict(subject: str, owner: str) -> str:
    whose = f"belongs to {owner}" if owner else "exists and was not made by an operator"
    adopt = ADOPT if not owner and subject.startswith("client ") else ""
    return f"{subject} {whose}: choose another name, or delete that one{adopt}; nothing was changed"


def _detail(detail: object) -> str:
    if isinstance(detail, Sequence) and not isinstance(detail, str):
        return judgement.several(str(one) for one in detail)
    return "" if detail is None else judgement.excerpt(str(detail))


def leaving(judged: Mapping[Condition, Judgement]) -> Judgement:
    """Ready of a resource that is being deleted: what holds it up, where something does."""
    row = judged[Condition.SYNCED]
    if row.status is ConditionStatus.FALSE and row.reason is not Reason.DEREGISTERED:
        return judgement.fails(Condition.READY, row.reason, f"deletion waits: {row.message}")
    message = f"the resource is being deleted; {row.message}"
    return judgement.fails(Condition.READY, Reason.DELETING, message)
