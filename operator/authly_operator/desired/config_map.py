"""The ConfigMap with every setting that is no secret."""

from authly_operator import naming
from authly_operator.desired import config, metadata
from authly_operator.desired.plan import Plan
from authly_operator.observed import Manifest


def build(plan: Plan) -> Manifest:
    """The ConfigMap, whose keys are environment variables."""
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": metadata.build(plan, naming.config(plan.name)),
        "data": config.data(plan.spec, plan.seen.identity),
    }
