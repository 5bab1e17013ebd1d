"""Whether a workload of somebody else runs with its present pod template everywhere (apps/v1)."""

from collections.abc import Mapping
from typing import Any

from authly_operator.observed import Manifest


def is_rolled_out(found: Manifest) -> bool:
    """Whether its controller has seen the template, and every pod is of it and available."""
    status = found.get("status") or {}
    if _number(status, "observedGeneration") < _number(found["metadata"], "generation"):
        return False
    if found["kind"] == "DaemonSet":
        wanted = _number(status, "desiredNumberScheduled")
        counts = ("updatedNumberScheduled", "numberAvailable")
    else:
        wanted = found["spec"].get("replicas", 1)
        counts = ("updatedReplicas", "availableReplicas")
    left = found["kind"] == "Deployment" and _number(status, "replicas") > wanted
    return not left and all(_number(status, count) >= wanted for count in counts)


def _number(part: Mapping[str, Any], key: str) -> int:
    return int(part.get(key) or 0)
