"""A child of each kind that the operator prunes, as another version of it had made it."""

from typing import Any

from tests.operator_faults.kubernetes_api import APPLY, Api, Object, path, told

from authly_operator import naming
from authly_operator.cluster import prune, resources


NAME = "main-former"
LABELS = naming.labels("main", naming.Component.SERVER)
_POD: dict[str, Any] = {
    "metadata": {"labels": {"app": "former"}},
    "spec": {"containers": [{"name": "former", "image": "former"}]},
}
_ONCE: dict[str, Any] = {"spec": {**_POD["spec"], "restartPolicy": "Never"}}
_SELECTED = {"selector": {"matchLabels": {"app": "former"}}}
_SPECS: dict[str, Object] = {
    "Service": {"ports": [{"port": 80}]},
    "StatefulSet": {**_SELECTED, "serviceName": "former", "replicas": 0, "template": _POD},
    "Deployment": {**_SELECTED, "replicas": 0, "template": _POD},
    "Job": {"suspend": True, "template": _ONCE},
    "CronJob": {
        "schedule": "0 0 1 1 *",
        "suspend": True,
        "jobTemplate": {"spec": {"template": _ONCE}},
    },
    "Ingress": {"defaultBackend": {"service": {"name": "former", "port": {"number": 80}}}},
    "NetworkPolicy": {"podSelector": {"matchLabels": {"app": "former"}}},
    "PodDisruptionBudget": {"maxUnavailable": 1, **_SELECTED},
    "HorizontalPodAutoscaler": {
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "former"},
        "maxReplicas": 1,
    },
    "HTTPRoute": {"parentRefs": [{"name": "former"}]},
    "ServiceMonitor": {**_SELECTED, "endpoints": []},
    "PrometheusRule": {"groups": []},
}


def manifests(namespace: str) -> list[Object]:
    """One of each kind; without a spec where the kind has none."""
    kinds = [*resources.CHILDREN, *resources.OPTIONAL]
    return [_manifest(namespace, one) for one in kinds if one.kind not in prune.KEPT]


def _manifest(namespace: str, resource: resources.Resource) -> Object:
    spec = {"spec": _SPECS[resource.kind]} if resource.kind in _SPECS else {}
    return {
        "apiVersion": resource.api_version,
        "kind": resource.kind,
        "metadata": {"name": NAME, "namespace": namespace, "labels": LABELS},
        **spec,
    }


def write(api: Api, manifest: Object) -> None:
    """Apply it in the operator's name."""
    place = path(manifest["kind"], manifest["metadata"]["namespace"], NAME)
    owner = {"fieldManager": naming.FIELD_MANAGER, "force": "true"}
    told(api.http.patch(place, json=manifest, params=owner, headers=APPLY))


def write_volume(api: Api, name: str) -> None:
    """A StorageClass whose volumes can grow, and a volume of it."""
    provisioner = "example.com/none"
    metadata = {
        "name": name,
        "annotations": {"pv.kubernetes.io/provisioned-by": provisioner},
    }
    storage = {"apiVersion": "storage.k8s.io/v1", "kind": "StorageClass", "metadata": metadata}
    grows = {**storage, "provisioner": provisioner, "allowVolumeExpansion": True}
    spec = {
        "storageClassName": name,
        "accessModes": ["ReadWriteOnce"],
        "capacity": {"storage": "1Gi"},
        "hostPath": {"path": "/nowhere"},
    }
    held = {"apiVersion": "v1", "kind": "PersistentVolume", "metadata": metadata, "spec": spec}
    told(api.http.post("/apis/storage.k8s.io/v1/storageclasses", json=grows))
    told(api.http.post("/api/v1/persistentvolumes", json=held))
