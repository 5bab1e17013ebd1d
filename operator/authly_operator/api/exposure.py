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


class Service(value.Value):
    """The Service in front of the replicas."""

    type: ServiceType = ServiceType.CLUSTER_IP
    """How the Service is published."""
    port: Annotated[int, Field(ge=1, le=65535)] = 80
    """The port of the Service; the pods listen on 8000."""
    annotations: Annotations = Field(default_factory=dict)
    """Annotations to add to the Service."""


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
