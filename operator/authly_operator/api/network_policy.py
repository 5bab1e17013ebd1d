"""Who may reach the pods of an AuthlyServer."""

from typing import Annotated

from pydantic import ConfigDict, Field

from authly_operator.api import affinity, reference, value


class Addresses(value.Value):
    """A network."""

    model_config = ConfigDict(
        json_schema_extra=value.rules(
            value.rule(
                "isCIDR(self.cidr) && cidr(self.cidr).masked() == cidr(self.cidr)",
                "ipBlock.cidr is a network, for example 10.0.0.0/8: without bits after the prefix",
            )
        )
    )

    cidr: Annotated[str, Field(min_length=3, max_length=43)]
    """The network, for example 10.0.0.0/8."""


class Peer(value.Value):
    """Pods, or a network, as in a NetworkPolicy (networking.k8s.io/v1)."""

    model_config = ConfigDict(
        json_schema_extra=value.rules(
            value.rule(
                "has(self.ipBlock) != (has(self.podSelector) || has(self.namespaceSelector))",
                "a peer is either ipBlock, or podSelector and namespaceSelector",
            )
        )
    )

    namespace_selector: affinity.LabelSelector | None = None
    """Namespaces of the pods; {} selects every one, the server's own where omitted."""
    pod_selector: affinity.LabelSelector | None = None
    """The pods; all of the namespaces where omitted."""
    ip_block: Addresses | None = None
    """A network outside of the cluster's pods."""


Peers = Annotated[tuple[Peer, ...], Field(max_length=32, json_schema_extra=reference.ATOMIC)]


class NetworkPolicy(value.Value):
    """The NetworkPolicies of the replicas, the database, Redis and the Jobs."""

    enabled: bool = True
    """Whether the operator makes them."""
    from_: Annotated[Peers, Field(alias="from")] = ()
    """Who may reach OAuth beside the operator, for example the ingress controller and the clients;
    everybody where omitted."""
    metrics_from: Peers = ()
    """Who may read the metrics; every pod of the cluster where omitted."""
