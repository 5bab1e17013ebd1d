"""The Secret with passwords and database URLs; it outlives the AuthlyServer like the data."""

from authly_operator import naming
from authly_operator.desired import metadata, secret
from authly_operator.desired.plan import Plan
from authly_operator.observed import Manifest


def build(plan: Plan) -> Manifest:
    """The Secret; without an owner where the data is retained, which is worth nothing without."""
    return secret.build(
        metadata.build(plan, naming.credentials(plan.name), owned=is_owned(plan)),
        plan.material.credentials,
    )


def is_owned(plan: Plan) -> bool:
    """Whether what cannot be made again goes with the AuthlyServer."""
    return plan.spec.deletion_policy.deletes_data
