"""The ConfigMaps: every setting that is no secret, and whose service accounts are believed."""

from authly_operator import naming
from authly_operator.desired import account_keys, metadata
from authly_operator.desired.plan import Plan
from authly_operator.observed import Manifest


def build(plan: Plan) -> Manifest:
    """The ConfigMap, whose keys are environment variables."""
    return _of(plan, naming.config(plan.name), plan.settings)


def is_wanted_for_accounts(plan: Plan) -> bool:
    """Whether it is known whom to believe."""
    return plan.accounts is not None


def accounts(plan: Plan) -> Manifest:
    """The ConfigMap with the cluster's issuer and keys, which the replicas mount."""
    return _of(plan, naming.account_keys(plan.name), account_keys.data(plan.accounts))


def _of(plan: Plan, name: str, data: dict[str, str]) -> Manifest:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": metadata.build(plan, name),
        "data": data,
    }
