"""The Service of a managed database: an address that stays when the pod is replaced."""

from typing import Final

from authly_operator import naming
from authly_operator.desired import metadata
from authly_operator.desired.plan import Plan
from authly_operator.observed import Manifest


PORT: Final = 5432


def build(plan: Plan) -> Manifest:
    """The Service, which the StatefulSet names as its own."""
    return of(plan, naming.database(plan.name), naming.Component.DATABASE)


def of(plan: Plan, name: str, component: naming.Component) -> Manifest:
    """A Service of PostgreSQLs."""
    port = {"name": "postgresql", "port": PORT, "protocol": "TCP", "targetPort": PORT}
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": metadata.build(plan, name, component),
        "spec": {
            "type": "ClusterIP",
            "selector": naming.selector(plan.name, component),
            "ports": [port],
        },
    }
