"""An AuthlyScope as authly_api.apply_scope takes it."""

from typing import Any

from authly_operator.api import authly_scope
from authly_operator.observed import Identity


def build(spec: authly_scope.Spec, identity: Identity) -> dict[str, Any]:
    """The row: name, owner, description, is_default."""
    return {
        "name": spec.name,
        "owner": identity.owner,
        "description": spec.description,
        "is_default": spec.is_default,
    }
