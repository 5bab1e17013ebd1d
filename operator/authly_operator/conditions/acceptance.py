"""Whether a server admits the scopes and clients of a namespace (spec.allowedClients)."""

from collections.abc import Mapping
from typing import Final

from authly_operator.api.policy import AllowedNamespaces, NamespacesFrom
from authly_operator.observed import Identity, ServerView


NAME_LABEL: Final = "kubernetes.io/metadata.name"
"""The label that the API server sets on every namespace, and nobody can change."""
_SHOWN: Final = 3


def refusal(
    server: ServerView, identity: Identity, namespace_labels: Mapping[str, str]
) -> str | None:
    """Which rule refuses the resource's namespace and what to set, or None where it is admitted.

    The server's own namespace is always admitted; the rules are for the others.
    """
    rule = server.spec.allowed_clients.namespaces
    same = identity.namespace == server.identity.namespace
    if same or rule.from_ is NamespacesFrom.ALL:
        return None
    if rule.from_ is NamespacesFrom.SAME:
        return _only_same(server, identity)
    lacking = _lacking(rule, namespace_labels)
    return _unlabelled(server, identity, lacking) if lacking else None


def _lacking(rule: AllowedNamespaces, labels: Mapping[str, str]) -> list[str]:
    """The labels that the namespace lacks; a selector without labels selects nothing."""
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
