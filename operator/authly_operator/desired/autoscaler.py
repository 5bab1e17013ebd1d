"""The HorizontalPodAutoscaler, and who owns the number of replicas beside it."""

from authly_operator import naming
from authly_operator.desired import metadata
from authly_operator.desired.plan import Plan
from authly_operator.observed import Manifest


def build(plan: Plan) -> Manifest:
    """The autoscaler of spec.autoscaling.

    Raises:
        LookupError: the spec has no autoscaling.
    """
    wanted = plan.spec.autoscaling
    if wanted is None:
        message = "the spec has no autoscaling"
        raise LookupError(message)
    uses = {"cpu": wanted.cpu, "memory": wanted.memory}
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": naming.deployment(plan.name)}
    return {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": metadata.build(plan, naming.deployment(plan.name)),
        "spec": {
            "scaleTargetRef": target,
            "minReplicas": wanted.min,
            "maxReplicas": wanted.max,
            "metrics": [_metric(name, use) for name, use in uses.items() if use is not None],
        },
    }


def is_wanted(plan: Plan) -> bool:
    """Whether replicas are scaled by what they use."""
    return plan.spec.autoscaling is not None


def replicas(plan: Plan) -> int | None:
    """The number to apply to the Deployment; None where the autoscaler owns it.

    A field that server-side apply gives up while nobody else owns it falls back to its default,
    which is 1: so the observed number is applied until the autoscaler has written one.
    """
    wanted = plan.spec.autoscaling
    if plan.restoring:
        return 0
    if wanted is None or plan.spec.replicas == 0:
        return plan.spec.replicas
    seen = plan.seen.child("Deployment", naming.deployment(plan.name))
    if seen is None:
        return wanted.min
    before = replicas_before(plan)
    if before is None and _scaled_by_others(seen):
        return None
    observed = int(seen["spec"].get("replicas", 1))
    return max(wanted.min, min(wanted.max, observed if before is None else before))


def replicas_before(plan: Plan) -> int | None:
    """How many replicas there were before the restore that the Deployment makes room for."""
    seen = plan.seen.child("Deployment", naming.deployment(plan.name))
    if seen is None:
        return None
    told = seen["metadata"].get("annotations", {}).get(naming.REPLICAS_ANNOTATION)
    if told is not None and told.isdecimal():
        return int(told)
    return int(seen["spec"].get("replicas", 1)) if plan.restoring else None


def _scaled_by_others(deployment: Manifest) -> bool:
    """Whether the managed fields name somebody else as an owner of spec.replicas."""
    return any(
        "f:replicas" in entry.get("fieldsV1", {}).get("f:spec", {})
        for entry in deployment["metadata"].get("managedFields", ())
        if entry.get("manager") != naming.FIELD_MANAGER
    )


def _metric(name: str, percent: int) -> Manifest:
    target = {"type": "Utilization", "averageUtilization": percent}
    return {"type": "Resource", "resource": {"name": name, "target": target}}
