"""A Deployment or a StatefulSet by what its status tells; an absent number is 0 (apps/v1)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from authly_operator import naming
from authly_operator.observed import Manifest


@dataclass(frozen=True, slots=True)
class Told:
    """One condition of a workload."""

    status: str = "Unknown"
    reason: str = ""
    message: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """The pod template that is being rolled out, and how far."""

    images: frozenset[str] = frozenset()
    """The images of the pod template's containers."""
    config_hash: str | None = None
    """The pod template's annotation naming.CONFIG_HASH_ANNOTATION."""
    caught_up: bool = False
    """Whether the status is that of the object's present generation."""
    pods: int = 0
    updated: int = 0
    ready: int = 0
    available: int = 0
    conditions: Mapping[str, Told] = field(default_factory=dict)

    def told(self, condition: str) -> Told:
        """The condition of that type; Unknown where there is none."""
        return self.conditions.get(condition, Told())


def parse(manifest: Manifest | None) -> Workload | None:
    """The workload, or None where there is no such object."""
    if manifest is None:
        return None
    metadata, status = _part(manifest, "metadata"), _part(manifest, "status")
    template = _part(_part(manifest, "spec"), "template")
    annotations = _part(_part(template, "metadata"), "annotations")
    return Workload(
        images=frozenset(str(one.get("image")) for one in _containers(_part(template, "spec"))),
        config_hash=annotations.get(naming.CONFIG_HASH_ANNOTATION),
        caught_up=_number(status, "observedGeneration") >= _number(metadata, "generation"),
        pods=_number(status, "replicas"),
        updated=_number(status, "updatedReplicas"),
        ready=_number(status, "readyReplicas"),
        available=_number(status, "availableReplicas"),
        conditions=conditions(manifest),
    )


def conditions(manifest: Manifest) -> dict[str, Told]:
    """The conditions in the status of any object, by type."""
    told = _part(manifest, "status").get("conditions") or ()
    return {
        str(one.get("type")): Told(
            str(one.get("status")), str(one.get("reason", "")), str(one.get("message", ""))
        )
        for one in told
    }


def _part(manifest: Manifest, key: str) -> Mapping[str, Any]:
    return manifest.get(key) or {}


def _containers(pod: Manifest) -> list[Mapping[str, Any]]:
    return list(pod.get("containers") or ())


def _number(part: Mapping[str, Any], key: str) -> int:
    return int(part.get(key) or 0)
