"""Which kinds the operator touches, and where the API server serves them."""

from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

from authly_operator import naming


@dataclass(frozen=True, slots=True)
class Resource:
    """One kind of object as the API server serves it."""

    kind: str
    api_version: str
    plural: str
    namespaced: bool = True

    def path(self, namespace: str | None = None, name: str = "", subresource: str = "") -> str:
        """The URL's path of a collection, an object, or a subresource."""
        root = "/apis/" if "/" in self.api_version else "/api/"
        scope = f"/namespaces/{quote(namespace, safe='')}" if namespace and self.namespaced else ""
        tail = "".join(f"/{quote(part, safe=':')}" for part in (name, subresource) if part)
        return f"{root}{self.api_version}{scope}/{self.plural}{tail}"


TABLE: Final = (
    Resource("AuthlyServer", naming.API_VERSION, "authlyservers"),
    Resource("AuthlyScope", naming.API_VERSION, "authlyscopes"),
    Resource("AuthlyClient", naming.API_VERSION, "authlyclients"),
    Resource("AuthlyBackup", naming.API_VERSION, "authlybackups"),
    Resource("AuthlyRestore", naming.API_VERSION, "authlyrestores"),
    Resource("Namespace", "v1", "namespaces", namespaced=False),
    Resource("Pod", "v1", "pods"),
    Resource("PersistentVolumeClaim", "v1", "persistentvolumeclaims"),
    Resource("Event", "events.k8s.io/v1", "events"),
    Resource("Lease", "coordination.k8s.io/v1", "leases"),
    Resource("Secret", "v1", "secrets"),
    Resource("ConfigMap", "v1", "configmaps"),
    Resource("ServiceAccount", "v1", "serviceaccounts"),
    Resource("Service", "v1", "services"),
    Resource("StatefulSet", "apps/v1", "statefulsets"),
    Resource("Deployment", "apps/v1", "deployments"),
    Resource("DaemonSet", "apps/v1", "daemonsets"),
    Resource("Job", "batch/v1", "jobs"),
    Resource("CronJob", "batch/v1", "cronjobs"),
    Resource("Ingress", "networking.k8s.io/v1", "ingresses"),
    Resource("NetworkPolicy", "networking.k8s.io/v1", "networkpolicies"),
    Resource("PodDisruptionBudget", "policy/v1", "poddisruptionbudgets"),
    Resource("HorizontalPodAutoscaler", "autoscaling/v2", "horizontalpodautoscalers"),
    Resource("HTTPRoute", "gateway.networking.k8s.io/v1", "httproutes"),
    Resource("ServiceMonitor", "monitoring.coreos.com/v1", "servicemonitors"),
    Resource("PrometheusRule", "monitoring.coreos.com/v1", "prometheusrules"),
    Resource("Cluster", "postgresql.cnpg.io/v1", "clusters"),
)
BY_KIND: Final = {resource.kind: resource for resource in TABLE}
CHILDREN: Final = tuple(
    BY_KIND[kind]
    for kind in (
        "Secret",
        "ConfigMap",
        "ServiceAccount",
        "Service",
        "StatefulSet",
        "Deployment",
        "Job",
        "CronJob",
        "Ingress",
        "NetworkPolicy",
        "PodDisruptionBudget",
        "HorizontalPodAutoscaler",
    )
)
"""The kinds of a server's children: gathered, watched, and pruned."""
OPTIONAL: Final = tuple(
    BY_KIND[kind] for kind in ("HTTPRoute", "ServiceMonitor", "PrometheusRule", "Cluster")
)
"""The same of kinds that a cluster may not know, or come to know, or know no more."""


def get(kind: str) -> Resource:
    """The resource of a kind.

    Raises:
        KeyError: the operator has no business with that kind.
    """
    return BY_KIND[kind]
