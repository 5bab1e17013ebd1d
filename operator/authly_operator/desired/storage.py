"""How much a managed database's claims grow: the StatefulSets' own templates are immutable.

Never a shrinking: PostgreSQL has the space, and Kubernetes would refuse.
"""

from typing import Any

from authly_operator import naming
from authly_operator.api import authly_server
from authly_operator.desired import quantity
from authly_operator.observed import Identity, Manifest, ServerObserved


def claims(spec: authly_server.Spec, identity: Identity) -> tuple[str, ...]:
    """The names of the claims: the primary's, then its replicas'; none of somebody else's."""
    managed = spec.database.managed
    if managed is None:
        return ()
    replicas = (naming.standby_claim(identity.name, at) for at in range(managed.replicas))
    return naming.database_claim(identity.name), *replicas


def capacity(seen: ServerObserved) -> str | None:
    """What the primary's volume holds; None before one is bound."""
    return _capacity(seen.claims.get(naming.database_claim(seen.identity.name)))


def growths(spec: authly_server.Spec, seen: ServerObserved) -> dict[str, dict[str, Any]]:
    """The merge patches by which claims ask for more, by the names of those that do not yet."""
    found = {name: _growth(spec, seen.claims.get(name)) for name in claims(spec, seen.identity)}
    return {name: patch for name, patch in found.items() if patch}


def shortages(spec: authly_server.Spec, seen: ServerObserved) -> tuple[str, ...]:
    """Why volumes stay smaller: by the API server's word, or by the claims' conditions."""
    found = (_shortage(spec, seen, name) for name in claims(spec, seen.identity))
    return tuple(sentence for sentence in found if sentence)


def _wanted(spec: authly_server.Spec) -> str:
    """The size in its canonical spelling."""
    managed = spec.database.managed
    return quantity.canonical(managed.storage.size) if managed else ""


def _capacity(claim: Manifest | None) -> str | None:
    size: str | None = ((claim or {}).get("status", {}).get("capacity") or {}).get("storage")
    return size


def _growth(spec: authly_server.Spec, claim: Manifest | None) -> dict[str, Any] | None:
    size = _wanted(spec)
    if claim is None or _capacity(claim) is None:
        return None
    if not quantity.is_less(claim["spec"]["resources"]["requests"]["storage"], size):
        return None
    return {
        "metadata": {"uid": claim["metadata"]["uid"]},
        "spec": {"resources": {"requests": {"storage": size}}},
    }


def _shortage(spec: authly_server.Spec, seen: ServerObserved, name: str) -> str | None:
    claim, size = seen.claims.get(name), _wanted(spec)
    has = _capacity(claim)
    if claim is None or has is None or not quantity.is_less(has, size):
        return None
    why = seen.claims_refused.get(name) or _failure(claim)
    if why is None:
        return None
    return f"PersistentVolumeClaim {name} stays at {has} instead of {size}: {why}"


def _failure(claim: Manifest) -> str | None:
    """core/v1: ControllerResizeError and NodeResizeError tell of a volume that cannot grow."""
    for one in claim["status"].get("conditions") or ():
        if one["type"] in ("ControllerResizeError", "NodeResizeError") and one["status"] == "True":
            return str(one.get("message") or one["type"])
    return None
