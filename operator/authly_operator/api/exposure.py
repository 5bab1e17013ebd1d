"""How an AuthlyServer is reached."""

from enum import StrEnum
from typing import Annotated

from pydantic import ConfigDict, Field

from authly_operator.api import reference, value


Annotations = Annotated[dict[str, reference.AnnotationText], Field(max_length=64)]


class ServiceType(StrEnum):
    """Types of a Service."""

    CLUSTER_IP = "ClusterIP"
    NODE_PORT = "NodePort"
    LOAD_BALANCER = "LoadBalancer"


class TrafficPolicy(StrEnum):
    """Which nodes pass on what comes from outside."""

    CLUSTER = "Cluster"
    LOCAL = "Local"


class Service(value.Value):
    """The Service in front of the replicas."""

    model_config = ConfigDict(
        json_schema_extra=value.rules(
            value.rule(
                "self.type == 'LoadBalancer' || !(has(self.loadBalancerClass)"
                " || size(self.loadBalancerSourceRanges) > 0)",
                "loadBalancerClass and loadBalancerSourceRanges need a load balancer: set type to"
                " LoadBalancer",
            ),
            value.rule(
                "self.type != 'ClusterIP' || !has(self.externalTrafficPolicy)",
                "externalTrafficPolicy is for types NodePort and LoadBalancer: remove it",
            ),
        )
    )

    type: ServiceType = ServiceType.CLUSTER_IP
    """How the Service is published."""
    port: Annotated[int, Field(ge=1, le=65535)] = 80
    """The port of the Service; the pods listen on 8000."""
    annotations: Annotations = Field(default_factory=dict)
    """Annotations to add to the Service."""
    load_balancer_class: Annotated[str, Field(min_length=1, max_length=317)] | None = None
    """Who provides the load balancer; the cluster's default where omitted. Kubernetes lets nobody
    change it while the type is LoadBalancer."""
    load_balancer_source_ranges: Annotated[
        tuple[Annotated[str, Field(min_length=1, max_length=64)], ...],
        Field(max_length=32, json_schema_extra=reference.SET),
    ] = ()
    """Networks (CIDR) that the load balancer admits; all where omitted."""
    external_traffic_policy: TrafficPolicy | None = None
    """Local keeps the clients' addresses; Cluster, which is the default, does not."""


class IssuerKind(StrEnum):
    """Kinds of cert-manager issuers."""

    ISSUER = "Issuer"
    CLUSTER_ISSUER = "ClusterIssuer"


class IssuerReference(value.Value):
    """A cert-manager issuer."""

    name: reference.ObjectName
    """Name of the issuer."""
    kind: IssuerKind = IssuerKind.CLUSTER_ISSUER
    """ClusterIssuer, or an Issuer of the same namespace."""


class IngressTls(value.Value):
    """The certificate of the Ingress."""

    secret_name: reference.ObjectName | None = None
    """The Secret with the certificate; `<name>-tls` where omitted."""
    issuer_ref: IssuerReference | None = None
    """The cert-manager issuer that fills the Secret."""


class Ingress(value.Value):
    """The Ingress; only the endpoints of OAuth are reachable through it."""

    model_config = ConfigDict(
        json_schema_extra=value.rules(
            value.rule("!self.enabled || has(self.host)", "an enabled ingress needs a host: set it")
        )
    )

    enabled: bool = False
    """Whether there is an Ingress."""
    class_name: reference.ObjectName | None = None
    """The IngressClass; the cluster's default where omitted."""
    host: (
        Annotated[str, Field(max_length=253, pattern=r"^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$")] | None
    ) = None
    """The host name users reach the server by."""
    tls: IngressTls | None = None
    """The certificate of the Ingress; plain HTTP where omitted."""
    annotations: Annotations = Field(default_factory=dict)
    """Annotations to add to the Ingress."""
    expose_metrics: bool = False
    """Whether /metrics is reachable through it, which tells everybody who asks what goes on."""
    expose_admin: bool = False
    """Whether the administrators' API is reachable through it, for callers from
    security.adminNetworks whose addresses security.trustedProxies tell."""
