"""What the status of an AuthlyServer tells of its database; pure."""

from collections.abc import Mapping
from typing import Any, Final

from authly_operator import naming
from authly_operator.api import authly_server
from authly_operator.desired import storage
from authly_operator.material import role_swap
from authly_operator.observed import ReplicaSeen, SecretData, ServerObserved


LAG_STEP: Final = 16 * 2**20
"""Bytes; a segment of WAL."""
LAG_SECONDS_STEP: Final = 10


def told(spec: authly_server.Spec, seen: ServerObserved) -> dict[str, Any] | None:
    """Its version, what the claim holds, how old the roles' passwords are, and the replicas."""
    found = {
        "version": seen.postgres_version,
        "storage": storage.capacity(seen),
        "passwordsSince": _passwords_since(seen),
        "replicas": _replicas(spec, seen),
    }
    return {name: fact for name, fact in found.items() if fact} or None


def version(body: Mapping[str, Any]) -> str | None:
    """The version of PostgreSQL that the status of an AuthlyServer tells."""
    found: str | None = ((body.get("status") or {}).get("database") or {}).get("version")
    return found


def is_caught_up(facts: Mapping[str, Any] | None) -> bool:
    """Whether all replicas of a managed database stream, by the facts."""
    return all(one["streaming"] for one in (facts or {}).get("replicas", ()))


def _passwords_since(seen: ServerObserved) -> str | None:
    found = seen.secrets.get(naming.credentials(seen.identity.name), SecretData({}))
    try:
        since = role_swap.parse(found.get(role_swap.KEY)).since
    except ValueError:
        return None
    return f"{since:%FT%TZ}" if since else None


def _replicas(spec: authly_server.Spec, seen: ServerObserved) -> list[dict[str, Any]]:
    """Every replica that is wanted, once the primary could be asked."""
    managed, probe = spec.database.managed, seen.database
    if managed is None or probe is None or probe.replicas is None:
        return []
    found = {one.name: one for one in probe.replicas}
    names = (naming.standby_pod(seen.identity.name, at) for at in range(managed.replicas))
    return [_replica(name, found.get(name)) for name in names]


def _replica(name: str, found: ReplicaSeen | None) -> dict[str, Any]:
    """Its lag in steps, since a status that changes with every commit is written every time."""
    if found is None or not found.streaming:
        return {"name": name, "streaming": False}
    return {
        "name": name,
        "streaming": True,
        "lagBytes": found.lag_bytes // LAG_STEP * LAG_STEP,
        "lagSeconds": int((found.lag_seconds or 0) // LAG_SECONDS_STEP * LAG_SECONDS_STEP),
    }
