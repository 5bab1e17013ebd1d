"""What an AuthlyServer may say of its pods, all of it."""

from typing import Any


ZONE = "topology.kubernetes.io/zone"
NEAR_THE_GATEWAY = {
    "topologyKey": ZONE,
    "labelSelector": {"matchLabels": {"app": "gateway"}, "matchExpressions": []},
    "namespaceSelector": {},
}
ON_ARM = {
    "matchExpressions": [{"key": "kubernetes.io/arch", "operator": "In", "values": ["arm64"]}]
}
SERVE = {
    "name": "serve",
    "volumeMounts": [{"name": "ca", "mountPath": "/etc/ssl/company", "readOnly": True}],
    "readinessProbe": {"periodSeconds": 3},
}
PROXY = {
    "name": "proxy",
    "image": "registry.example.com/proxy:1",
    "args": ["--listen=9443"],
    "env": [{"name": "MODE", "value": "quiet"}],
    "ports": [{"containerPort": 9443, "name": "tls", "protocol": "TCP"}],
    "resources": {"requests": {"cpu": "10m"}},
    "volumeMounts": [{"name": "ca", "mountPath": "/ca", "readOnly": True}],
}
FULL: dict[str, Any] = {
    "extraEnv": [
        {"name": "CACHE_TTL", "value": "60"},
        {"name": "HTTPS_PROXY", "valueFrom": {"secretKeyRef": {"name": "proxy", "key": "url"}}},
        {"name": "NO_PROXY", "valueFrom": {"configMapKeyRef": {"name": "proxy", "key": "none"}}},
    ],
    "podTemplate": {
        "labels": {"team": "platform"},
        "annotations": {"example.com/scan": "no"},
        "containers": [SERVE, PROXY],
        "initContainers": [{"name": "wait", "image": "registry.example.com/wait:1"}],
        "volumes": [{"name": "ca", "configMap": {"name": "company-ca", "defaultMode": 292}}],
    },
    "nodeSelector": {"kubernetes.io/os": "linux"},
    "tolerations": [
        {"key": "dedicated", "value": "auth", "effect": "NoSchedule"},
        {"operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 60},
    ],
    "priorityClassName": "system-cluster-critical",
    "affinity": {
        "nodeAffinity": {
            "requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [ON_ARM]}
        },
        "podAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [NEAR_THE_GATEWAY]},
    },
    "topologySpread": [
        {"topologyKey": ZONE, "whenUnsatisfiable": "DoNotSchedule", "minDomains": 2}
    ],
}
