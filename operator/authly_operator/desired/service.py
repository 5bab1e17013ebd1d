"""The Service in front of the replicas; metrics are not reached through it."""

from typing import Any

from authly_operator import naming
from authly_operator.api import exposure
from authly_operator.desired import config, metadata
from authly_operator.desired.plan import Plan
from authly_operator.observed import Manifest


def build(plan: Plan) -> Manifest:
    """The Service of spec.service."""
    wanted = plan.spec.service
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": metadata.build(
            plan, naming.deployment(plan.name), annotations=wanted.annotations
        ),
        "spec": {
            **_from_outside(wanted),
            "type": wanted.type.value,
            "selector": naming.selector(plan.name, naming.Component.SERVER),
            "ports": [
                {
                    "name": "http",
                    "port": wanted.port,
                    "protocol": "TCP",
                    "targetPort": config.PORT,
                }
            ],
        },
    }


def _from_outside(wanted: exposure.Service) -> dict[str, Any]:
    policy = wanted.external_traffic_policy
    parts = {
        "loadBalancerClass": wanted.load_balancer_class,
        "loadBalancerSourceRanges": list(wanted.load_balancer_source_ranges),
        "externalTrafficPolicy": policy.value if policy else None,
    }
    return {name: part for name, part in parts.items() if part}
