"""The way of administrators: a port of the replicas, a Service of its own, and who is let in.

The Service in front of the replicas may be a load balancer, which would publish that port.
"""

import ipaddress
from typing import Any, Final

from authly_operator import naming
from authly_operator.desired import config, metadata, pod
from authly_operator.desired.plan import Plan
from authly_operator.observed import Manifest


PORT: Final[pod.Part] = {
    "name": "admin",
    "containerPort": config.ADMIN_PORT,
    "protocol": "TCP",
}


def service(plan: Plan) -> Manifest:
    """The Service that only administrators use."""
    port = {"name": "admin", "port": config.ADMIN_PORT, "protocol": "TCP"}
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": metadata.build(plan, naming.administration(plan.name)),
        "spec": {
            "type": "ClusterIP",
            "selector": naming.selector(plan.name, naming.Component.SERVER),
            "ports": [{**port, "targetPort": config.ADMIN_PORT}],
        },
    }


def is_wanted(plan: Plan) -> bool:
    """Whether it is said where administrators come from."""
    return bool(plan.spec.security.admin_networks)


def is_published(plan: Plan) -> bool:
    """Whether they come through the Ingress, too."""
    return is_wanted(plan) and plan.spec.ingress.enabled and plan.spec.ingress.expose_admin


def peers(plan: Plan) -> list[dict[str, Any]]:
    """Where they come from, as a NetworkPolicy says it."""
    networks = map(ipaddress.ip_network, plan.spec.security.admin_networks)
    return [{"ipBlock": {"cidr": str(network)}} for network in networks]
