"""The claim that each pod of PostgreSQL gets its data's volume by."""

from typing import Any

from authly_operator.api import database as databases
from authly_operator.desired import quantity
from authly_operator.desired.plan import Plan


def build(plan: Plan, statefulset: str, wanted: databases.Storage) -> dict[str, Any]:
    """The claim of the data; of one that was observed, size and class stay: both are immutable."""
    spec = {"accessModes": ["ReadWriteOnce"], **_storage(plan, statefulset, wanted)}
    return {"metadata": {"name": "data"}, "spec": spec}


def _storage(plan: Plan, statefulset: str, wanted: databases.Storage) -> dict[str, Any]:
    observed = plan.seen.child("StatefulSet", statefulset)
    if observed is not None:
        kept = observed["spec"]["volumeClaimTemplates"][0]["spec"]
        size, class_name = kept["resources"]["requests"]["storage"], kept.get("storageClassName")
    else:
        size, class_name = quantity.canonical(wanted.size), wanted.class_name
    storage = {"resources": {"requests": {"storage": size}}}
    return {**storage, **({"storageClassName": class_name} if class_name else {})}
