"""The PodDisruptionBudget: a drained node takes one replica at a time."""

from authly_operator import naming
from authly_operator.desired import metadata
from authly_operator.desired.plan import Plan
from authly_operator.observed import Manifest


def build(plan: Plan) -> Manifest:
    """The budget; pods that are not healthy never hold a drain up."""
    return {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": metadata.build(plan, naming.deployment(plan.name)),
        "spec": {
            "maxUnavailable": 1,
            "selector": {"matchLabels": naming.selector(plan.name, naming.Component.SERVER)},
            "unhealthyPodEvictionPolicy": "AlwaysAllow",
        },
    }


def is_wanted(plan: Plan) -> bool:
    """Whether there is a budget: one replica alone could never be drained."""
    return plan.spec.disruption_budget.enabled and plan.spec.least_replicas() > 1
