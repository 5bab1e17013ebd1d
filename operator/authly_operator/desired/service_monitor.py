"""How Prometheus finds the replicas: a Service for their metrics, and the ServiceMonitor of it."""

from authly_operator import naming
from authly_operator.desired import config, metadata
from authly_operator.desired.plan import Plan
from authly_operator.observed import Manifest


_COMPONENT = naming.Component.MONITORING


def service(plan: Plan) -> Manifest:
    """A headless Service, since each replica is asked by itself; metrics are in no other one."""
    port = {"name": "metrics", "port": config.MANAGEMENT_PORT, "protocol": "TCP"}
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": metadata.build(plan, naming.metrics(plan.name), _COMPONENT),
        "spec": {
            "type": "ClusterIP",
            "clusterIP": "None",
            "publishNotReadyAddresses": True,
            "selector": naming.selector(plan.name, naming.Component.SERVER),
            "ports": [{**port, "targetPort": config.MANAGEMENT_PORT}],
        },
    }


def build(plan: Plan) -> Manifest:
    """The ServiceMonitor; the metrics' own label `endpoint` goes before Prometheus'."""
    wanted = plan.spec.monitoring.service_monitor
    endpoint = {
        "port": "metrics",
        "path": "/metrics",
        "interval": wanted.interval,
        "honorLabels": True,
    }
    return {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "ServiceMonitor",
        "metadata": metadata.build(
            plan, naming.deployment(plan.name), _COMPONENT, labels=wanted.labels
        ),
        "spec": {
            "selector": {"matchLabels": naming.selector(plan.name, _COMPONENT)},
            "endpoints": [endpoint],
        },
    }


def is_wanted(plan: Plan) -> bool:
    """Whether Prometheus is told where the metrics are."""
    return plan.spec.monitoring.service_monitor.enabled


def is_service_wanted(plan: Plan) -> bool:
    """Whether somebody reads the metrics through a Service."""
    published = plan.spec.ingress.enabled and plan.spec.ingress.expose_metrics
    return is_wanted(plan) or published
