"""The ServiceAccount of every pod; none of them talks to the API server."""

from authly_operator import naming
from authly_operator.desired import metadata
from authly_operator.desired.plan import Plan
from authly_operator.observed import Manifest


def build(plan: Plan) -> Manifest:
    """The ServiceAccount, without a token."""
    return {
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": metadata.build(plan, naming.deployment(plan.name)),
        "automountServiceAccountToken": False,
    }
