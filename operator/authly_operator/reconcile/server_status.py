"""The facts in the status of an AuthlyServer, beside its conditions; pure."""

from typing import Any

from authly_operator import naming
from authly_operator.api import authly_server, policy
from authly_operator.desired import program
from authly_operator.observed import ServerObserved


def facts(spec: authly_server.Spec, seen: ServerObserved) -> dict[str, Any]:
    """What was observed; None for what is not known."""
    name = seen.identity.name
    deployment = seen.child("Deployment", naming.deployment(name))
    counts = (deployment or {}).get("status", {})
    return {
        "image": program.image_of(deployment) if deployment else None,
        "schemaRevision": seen.database.schema_revision if seen.database else None,
        "replicas": counts.get("replicas", 0),
        "readyReplicas": counts.get("readyReplicas", 0),
        "selector": _selector(name),
        "endpoints": _endpoints(spec, seen),
    }


def _selector(name: str) -> str:
    labels = naming.selector(name, naming.Component.SERVER)
    return ",".join(f"{key}={text}" for key, text in labels.items())


def _endpoints(spec: authly_server.Spec, seen: ServerObserved) -> dict[str, str]:
    issuer = spec.effective_issuer()
    identity = seen.identity
    internal = naming.service_url(identity.name, identity.namespace, spec.service.port)
    endpoints = {"issuer": issuer, "internal": internal}
    if spec.signing_keys.algorithm is not policy.Algorithm.HS256:
        endpoints["jwks"] = f"{issuer}/jwks"
    return endpoints
