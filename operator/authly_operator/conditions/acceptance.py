"""Whether a server admits a scope or a client: RULES, the first that refuses decides.

All but the last are of spec.allowedClients.
"""

from collections.abc import Callable
from typing import Final

from authly_operator.api.allowed_clients import AllowedNamespaces, NamespacesFrom
from authly_operator.condition_names import Reason
from authly_operator.conditions import allowance, security_profile
from authly_operator.conditions.applicant import Applicant, Refusal
from authly_operator.observed import Identity, ServerView


NAME_LABEL: Final = "kubernetes.io/metadata.name"
"""The label that the API server sets on every namespace, and nobody can change."""
_SHOWN: Final = 3


def refusal(server: ServerView, applicant: Applicant) -> Refusal | None:
    """Which rule refuses it and what to do about it, or None where it is admitted."""
    for rule in RULES:
        found = rule(server, applicant)
        if found is not None:
            return found
    return None


def _namespace(server: ServerView, applicant: Applicant) -> Refusal | None:
    """The server's own namespace is always admitted; this rule is for the others."""
    identity = applicant.identity
    rule = server.spec.allowed_clients.namespaces
    same = identity.namespace == server.identity.namespace
    if same or rule.from_ is NamespacesFrom.ALL:
        return None
    if rule.from_ is NamespacesFrom.SAME:
        return Refusal(Reason.NAMESPACE_NOT_ADMITTED, _only_same(server, identity))
    lacking = _lacking(rule, applicant)
    if not lacking:
        return None
    return Refusal(Reason.NAMESPACE_NOT_ADMITTED, _unlabelled(server, identity, lacking))


def _lacking(rule: AllowedNamespaces, applicant: Applicant) -> list[str]:
    """The labels that the namespace lacks; a selector without labels selects nothing."""
    labels = applicant.namespace_labels
    wanted = rule.match_labels or {"(no label)": "is set in matchLabels"}
    return [f"{key}: {value}" for key, value in wanted.items() if labels.get(key) != value]


def _only_same(server: ServerView, identity: Identity) -> str:
    return (
        f"AuthlyServer {server.identity.owner} admits its own namespace only"
        f" (spec.allowedClients.namespaces.from: Same), and not {identity.namespace}: whoever runs"
        f" the server can set from: Selector with matchLabels {{{NAME_LABEL}:"
        f" {identity.namespace}}}, or from: All"
    )


def _unlabelled(server: ServerView, identity: Identity, lacking: list[str]) -> str:
    more = f" and {len(lacking) - _SHOWN} more" if len(lacking) > _SHOWN else ""
    return (
        f"AuthlyServer {server.identity.owner} admits namespaces by label"
        f" (spec.allowedClients.namespaces.from: Selector), and {identity.namespace} lacks"
        f" {', '.join(lacking[:_SHOWN])}{more}: whoever runs the cluster can label the namespace,"
        " or whoever runs the server change matchLabels"
    )


RULES: Final[tuple[Callable[[ServerView, Applicant], Refusal | None], ...]] = (
    _namespace,
    allowance.scope,
    allowance.scopes,
    allowance.grant_types,
    allowance.redirect_hosts,
    allowance.access_token_ttl,
    security_profile.proof,
)
