"""The Secret with the key ring that the server mounts and re-reads."""

from authly_operator import naming
from authly_operator.desired import credentials_secret, metadata, secret
from authly_operator.desired.plan import Plan
from authly_operator.material import keyring
from authly_operator.observed import Manifest


def build(plan: Plan) -> Manifest:
    """The Secret; without an owner where the data is retained."""
    return secret.build(
        metadata.build(
            plan, naming.signing_keys(plan.name), owned=credentials_secret.is_owned(plan)
        ),
        {keyring.KEY: plan.material.keyring or ""},
    )


def is_wanted(plan: Plan) -> bool:
    """Whether there is a ring: HS256 alone has none."""
    return plan.material.keyring is not None
