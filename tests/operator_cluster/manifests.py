"""What is applied on a real kube-apiserver: one manifest of each kind, and what became of them."""

import base64
from collections.abc import Mapping
from typing import Any

from authly_operator import naming
from authly_operator.cluster import client, gather


Manifest = dict[str, Any]
LABELS = naming.labels("main", naming.Component.SERVER)


async def children(api: client.Client, namespace: str) -> dict[tuple[str, str], Mapping[str, Any]]:
    return await gather.children(api, namespace, "main")


def versions(found: Mapping[tuple[str, str], Mapping[str, Any]]) -> dict[tuple[str, str], str]:
    """What a write would change: the resourceVersion, or where controllers write a status, too,
    the generation."""
    return {
        key: child["metadata"].get("generation") or child["metadata"]["resourceVersion"]
        for key, child in found.items()
    }


def deployment(namespace: str, **container: Any) -> Manifest:
    """A Deployment with values in other spellings than those the API server stores."""
    selector = naming.selector("main", naming.Component.SERVER)
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "main", "namespace": namespace, "labels": LABELS},
        "spec": {
            "selector": {"matchLabels": selector},
            "template": {
                "metadata": {"labels": selector},
                "spec": {
                    "containers": [
                        {
                            "name": "server",
                            "image": "authly/server:0.1.0",
                            "ports": [{"name": "http", "containerPort": 8080}],
                            "env": [],
                            "resources": {
                                "requests": {"cpu": "1000m", "memory": "1024Mi"},
                                "limits": {"cpu": "2.0", "memory": "2048Mi"},
                            },
                            "volumeMounts": [
                                {"name": "files", "mountPath": "/b", "subPath": "b"},
                                {"name": "files", "mountPath": "/a", "subPath": "a"},
                            ],
                            **container,
                        }
                    ],
                    "volumes": [{"name": "files", "emptyDir": {}}],
                },
            },
        },
    }


def service(namespace: str) -> Manifest:
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "main", "namespace": namespace, "labels": LABELS},
        "spec": {
            "selector": naming.selector("main", naming.Component.SERVER),
            "ports": [{"name": "http", "port": 80, "targetPort": "http"}],
        },
    }


def network_policy(namespace: str) -> Manifest:
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": "main", "namespace": namespace, "labels": LABELS},
        "spec": {"podSelector": {}, "policyTypes": ["Ingress"], "ingress": []},
    }


def disruption_budget(namespace: str) -> Manifest:
    selector = naming.selector("main", naming.Component.SERVER)
    return {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": {"name": "main", "namespace": namespace, "labels": LABELS},
        "spec": {"maxUnavailable": 1, "selector": {"matchLabels": selector}},
    }


def secret(namespace: str, **data: str) -> Manifest:
    encoded = {key: base64.b64encode(text.encode()).decode() for key, text in data.items()}
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "main-credentials", "namespace": namespace, "labels": LABELS},
        "type": "Opaque",
        "data": encoded,
    }
