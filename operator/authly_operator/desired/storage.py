"""How much a managed database's claim grows: the StatefulSet's own template is immutable.

Never a shrinking: PostgreSQL has the space, and Kubernetes would refuse.
"""

from typing import Any

from authly_operator import naming
from authly_operator.api import authly_server
from authly_operator.desired import quantity
from authly_operator.observed import Manifest, ServerObserved


def wanted(spec: authly_server.Spec) -> str | None:
    """The size in its canonical spelling; None where the database is not ours."""
    managed = spec.database.managed
    return None if managed is None else quantity.canonical(managed.storage.size)


def capacity(claim: Manifest | None) -> str | None:
    """What the volume holds; None before one is bound."""
    size: str | None = ((claim or {}).get("status", {}).get("capacity") or {}).get("storage")
    return size


def growth(spec: authly_server.Spec, seen: ServerObserved) -> dict[str, Any] | None:
    """The merge patch that makes the claim ask for more; None where there is nothing to do."""
    size = wanted(spec)
    if seen.claim is None or size is None or capacity(seen.claim) is None:
        return None
    asked = seen.claim["spec"]["resources"]["requests"]["storage"]
    if not quantity.is_less(asked, size):
        return None
    return {
        "metadata": {"uid": seen.claim["metadata"]["uid"]},
        "spec": {"resources": {"requests": {"storage": size}}},
    }


def shortage(spec: authly_server.Spec, seen: ServerObserved) -> str | None:
    """Why the volume stays smaller: by the API server's word, or by the claim's conditions."""
    size, has = wanted(spec), capacity(seen.claim)
    if seen.claim is None or size is None or has is None or not quantity.is_less(has, size):
        return None
    why = seen.claim_refused or _failure(seen.claim)
    if why is None:
        return None
    name = naming.database_claim(seen.identity.name)
    return f"PersistentVolumeClaim {name} stays at {has} instead of {size}: {why}"


def _failure(claim: Manifest) -> str | None:
    """core/v1: ControllerResizeError and NodeResizeError tell of a volume that cannot grow."""
    for one in claim["status"].get("conditions") or ():
        if one["type"] in ("ControllerResizeError", "NodeResizeError") and one["status"] == "True":
            return str(one.get("message") or one["type"])
    return None
