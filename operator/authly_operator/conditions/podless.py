"""Jobs and StatefulSets without a pod: only their events say why, so people are sent there.

Their controllers go on trying, and their status has no condition for it, unlike a Deployment's.
"""

from collections.abc import Mapping
from typing import Any

from authly_operator.observed import Manifest


def job(found: Manifest | None, namespace: str, name: str) -> str | None:
    """What to tell of a Job whose controller took it up and has made no pod; None otherwise."""
    status = _part(found, "status")
    counts = ("active", "ready", "succeeded", "failed", "terminating")
    tried = any(status.get(count) for count in counts) or status.get("uncountedTerminatedPods")
    if not status.get("startTime") or tried or status.get("conditions"):
        return None
    return _message("Job", namespace, name)


def stateful_set(found: Manifest | None, namespace: str, name: str) -> str | None:
    """The same of a StatefulSet that is to have pods."""
    status, generation = _part(found, "status"), _part(found, "metadata").get("generation")
    if not generation or status.get("observedGeneration") != generation:
        return None
    if not _part(found, "spec").get("replicas", 1) or status.get("replicas"):
        return None
    return _message("StatefulSet", namespace, name)


def _message(kind: str, namespace: str, name: str) -> str:
    return (
        f"{kind} {name}: no pod of it could be made: its events say why, such as an exceeded"
        f" quota: read kubectl describe -n {namespace} {kind.lower()}/{name}"
    )


def _part(manifest: Manifest | None, name: str) -> Mapping[str, Any]:
    return (manifest or {}).get(name) or {}
