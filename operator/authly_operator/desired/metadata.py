"""The metadata of what the operator makes: names, labels, and whom it belongs to."""

from collections.abc import Mapping
from typing import Any

from authly_operator import naming
from authly_operator.desired.plan import Plan
from authly_operator.observed import Identity


def build(
    plan: Plan,
    name: str,
    component: naming.Component = naming.Component.SERVER,
    *,
    owned: bool = True,
    annotations: Mapping[str, str] | None = None,
    labels: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """The metadata of a child; one that is not owned outlives the AuthlyServer.

    None is while the garbage collector takes whatever is, and a last backup is still waited for.
    """
    identity = plan.seen.identity
    owners = [owner(identity, "AuthlyServer")] if owned and not identity.foreground else []
    return {
        "name": name,
        "namespace": plan.namespace,
        "labels": {**(labels or {}), **naming.labels(plan.name, component)},
        **({"annotations": dict(annotations)} if annotations else {}),
        **({"ownerReferences": owners} if owners else {}),
    }


def owner(identity: Identity, kind: str) -> dict[str, Any]:
    """The owner reference by which the garbage collector takes a child with its owner."""
    return {
        "apiVersion": naming.API_VERSION,
        "kind": kind,
        "name": identity.name,
        "uid": identity.uid,
        "controller": True,
        "blockOwnerDeletion": True,
    }


def of_run(plan: Plan, name: str, owner_reference: Mapping[str, Any]) -> dict[str, Any]:
    """The metadata of what belongs to an AuthlyBackup of the server."""
    return {
        "name": name,
        "namespace": plan.namespace,
        "labels": naming.labels(plan.name, naming.Component.RUN),
        "ownerReferences": [owner_reference],
    }
