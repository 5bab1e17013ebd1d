"""An AuthlyScope as authly_api.apply_scope takes it."""

from typing import Any

from authly_operator.api import authly_scope
from authly_operator.observed import Identity


def build(spec: authly_scope.Spec, identity: Identity) -> dict[str, Any]:
    """The row, in the form that observe_scope answers."""
    return {
        "name": spec.name,
        "owner": identity.owner,
        "description": spec.description,
        "descriptions": dict(spec.descriptions),
        "claims": sorted(spec.claims),
        "is_default": spec.is_default,
        "is_sensitive": spec.sensitive,
        "deletion_policy": spec.deletion_policy.lower(),
    }
