"""The Deployment of the authorization server's replicas."""

from typing import Final

from authly_operator import naming
from authly_operator.api import policy
from authly_operator.desired import (
    account_keys,
    administration,
    autoscaler,
    config,
    environment,
    metadata,
    placement,
    pod,
    pod_patch,
    program,
    resources,
)
from authly_operator.desired.plan import Plan
from authly_operator.material import keyring
from authly_operator.observed import Manifest


REQUESTS: Final = {"cpu": "100m", "memory": "128Mi"}
_COMPONENT: Final = naming.Component.SERVER
_DRAIN_SECONDS: Final = 5
"""How long a leaving pod still answers, until no proxy sends it requests any more."""
GRACE_SECONDS: Final = 40
"""How long a pod that ends has to answer what it was asked."""
_UNREADY_AFTER: Final = 60
"""Probes that fail in a row, five minutes of them: replicas share their database, and all of them
would leave the Service with it. Its keys, discovery and machines' tokens need no database, and
everything else is answered with 503. A pod that starts is ready only when its database answers."""


def build(plan: Plan) -> Manifest:
    """The Deployment; a pod that is not ready never replaces one that is."""
    replicas = autoscaler.replicas(plan)
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": metadata.build(
            plan, naming.deployment(plan.name), annotations=_replicas_before(plan)
        ),
        "spec": {
            **({} if replicas is None else {"replicas": replicas}),
            "minReadySeconds": 3,
            "revisionHistoryLimit": 3,
            "selector": {"matchLabels": naming.selector(plan.name, _COMPONENT)},
            "strategy": {
                "type": "RollingUpdate",
                "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0},
            },
            "template": _template(plan),
        },
    }


def _replicas_before(plan: Plan) -> dict[str, str]:
    """Kept with the Deployment while nothing serves: the number to come back to."""
    before = autoscaler.replicas_before(plan) if plan.restoring else None
    return {} if before is None else {naming.REPLICAS_ANNOTATION: str(before)}


def is_rolled_out(plan: Plan) -> bool:
    """Whether every replica runs this image and is available."""
    seen = plan.seen.child("Deployment", naming.deployment(plan.name))
    if seen is None:
        return False
    spec, status = seen["spec"], seen.get("status", {})
    counts = {
        spec.get("replicas", 1),
        *(status.get(key, 0) for key in ("replicas", "updatedReplicas", "availableReplicas")),
    }
    is_current = status.get("observedGeneration", 0) >= seen["metadata"].get("generation", 0)
    return program.image_of(seen) == plan.image and is_current and len(counts) == 1


def _template(plan: Plan) -> pod.Part:
    template = pod.template(
        plan,
        _COMPONENT,
        _container(plan),
        annotations=_annotations(plan),
        volumes=[
            *([_keys_volume(plan)] if _reads_keys(plan) else []),
            *([_accounts_volume(plan)] if plan.accounts else []),
            *program.volumes(plan),
        ],
        terminationGracePeriodSeconds=GRACE_SECONDS,
        **placement.of_replicas(plan),
    )
    return pod_patch.merge(template, plan.spec.pod_template)


def _annotations(plan: Plan) -> dict[str, str]:
    """Replicas with revoked keys are replaced: a mounted ring changes a minute or two later."""
    asked = plan.seen.identity.annotations
    anew = [naming.RESTART_AT_ANNOTATION]
    anew += [naming.REVOKE_KEYS_AT_ANNOTATION] if _reads_keys(plan) else []
    return {
        naming.CONFIG_HASH_ANNOTATION: plan.config_hash,
        **{name: asked[name] for name in anew if asked.get(name)},
        "prometheus.io/scrape": "true",
        "prometheus.io/port": str(config.MANAGEMENT_PORT),
        "prometheus.io/path": "/metrics",
    }


def _container(plan: Plan) -> pod.Part:
    given = {key: key for key in config.credentials(plan.spec)}
    return program.container(
        plan,
        program.SERVE,
        environment.of_credentials(plan, given),
        resources.build(plan.spec.resources, REQUESTS),
        envFrom=[{"configMapRef": {"name": naming.config(plan.name)}}],
        mounts=[
            *([_KEYS_MOUNT] if _reads_keys(plan) else []),
            *([_ACCOUNTS_MOUNT] if plan.accounts else []),
        ],
        ports=[
            {"name": "http", "containerPort": config.PORT, "protocol": "TCP"},
            {"name": "metrics", "containerPort": config.MANAGEMENT_PORT, "protocol": "TCP"},
            *([administration.PORT] if administration.is_wanted(plan) else []),
        ],
        startupProbe=_probe("/health/live", period=2, failures=30),
        livenessProbe=_probe("/health/live", period=10, failures=3),
        readinessProbe=_probe("/health/ready", period=5, failures=_UNREADY_AFTER),
        lifecycle={"preStop": {"sleep": {"seconds": _DRAIN_SECONDS}}},
    )


def _probe(path: str, *, period: int, failures: int) -> pod.Part:
    return {
        "httpGet": {"path": path, "port": config.PORT, "scheme": "HTTP"},
        "periodSeconds": period,
        "timeoutSeconds": 4,
        "failureThreshold": failures,
    }


_KEYS_MOUNT: Final = {"name": "keys", "mountPath": config.KEYS_DIRECTORY, "readOnly": True}


def _reads_keys(plan: Plan) -> bool:
    """HS256 signs with a shared secret, which comes by environment."""
    return plan.spec.signing_keys.algorithm is not policy.Algorithm.HS256


def _keys_volume(plan: Plan) -> pod.Part:
    """The ring, readable by the pod's group; without subPath, so that a new ring arrives."""
    items = [{"key": keyring.KEY, "path": keyring.KEY}]
    source = {
        "secretName": naming.signing_keys(plan.name),
        "defaultMode": 0o440,
        "items": items,
    }
    return {"name": "keys", "secret": source}


_ACCOUNTS_MOUNT: Final = {
    "name": account_keys.VOLUME,
    "mountPath": account_keys.DIRECTORY,
    "readOnly": True,
}


def _accounts_volume(plan: Plan) -> pod.Part:
    """Without subPath, so that other keys arrive; a pod starts without it, too."""
    source = {"name": naming.account_keys(plan.name), "optional": True}
    return {"name": account_keys.VOLUME, "configMap": source}
