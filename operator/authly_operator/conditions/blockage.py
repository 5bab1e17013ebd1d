"""What the kubelet and the scheduler say of pods that do not run, as a reason and what to do."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from authly_operator import naming
from authly_operator.condition_names import Reason
from authly_operator.conditions import judgement
from authly_operator.naming import Component
from authly_operator.observed import ServerObserved, Waiting


_IMAGE: Final = Reason.IMAGE_PULL_BACK_OFF
_CRASH: Final = Reason.CRASH_LOOP_BACK_OFF
# A pod alternates between the words of one line: one reason for them, so that alerts hold still.
REASONS: Final[Mapping[str, Reason]] = {
    "ImagePullBackOff": _IMAGE,
    "ErrImagePull": _IMAGE,
    "InvalidImageName": _IMAGE,
    "ErrImageNeverPull": _IMAGE,
    "CrashLoopBackOff": _CRASH,
    "Error": _CRASH,
    "OOMKilled": _CRASH,
    "ContainerCannotRun": _CRASH,
    "StartError": _CRASH,
    "Unschedulable": Reason.UNSCHEDULABLE,
    "Evicted": Reason.POD_EVICTED,
}
ADVICE: Final[Mapping[Reason, str]] = {
    Reason.DISK_FULL: "disk full: raise spec.database.managed.storage.size, and PostgreSQL starts"
    " again by itself; metadata and keys are served meanwhile",
    _IMAGE: "check the image's name and tag, and the nodes' access to its registry",
    _CRASH: "read kubectl logs -n {namespace} {pod} --all-containers",
    Reason.UNSCHEDULABLE: "add nodes, or lower the requested resources",
    Reason.VOLUME_UNBOUND: "check spec.database.managed.storage and the StorageClasses of the"
    " cluster (kubectl get storageclass,pvc -n {namespace})",
    Reason.POD_EVICTED: "give the nodes more room, or let fewer pods run on them",
    Reason.CONTAINER_NOT_RUNNING: "read kubectl describe pod -n {namespace} {pod}",
}
_NO_ROOM: Final = "No space left on device"
"""What PostgreSQL says last, as of the C library (ENOSPC)."""
_DUMPS: Final = frozenset({Component.BACKUP.value, Component.RUN.value})
_DUMP_VOLUME: Final = f'EmptyDir volume "{naming.DUMP_VOLUME}"'
"""What the kubelet calls it when it has outgrown its limit."""
_DUMP_ROOM: Final = "raise spec.database.dump.sizeLimit"
_DUMP_IMAGE: Final = "; the one with pg_dump is spec.database.dump.image"
NEVER_BEGUN: Final = frozenset({_IMAGE, Reason.UNSCHEDULABLE, Reason.VOLUME_UNBOUND})
"""Reasons of a pod that has not run at all."""
STUCK: Final = frozenset(ADVICE)
"""Reasons that seldom pass without a person."""


@dataclass(frozen=True, slots=True)
class Blockage:
    """Why pods do not run."""

    reason: Reason
    text: str
    """Which pod, what is said of it, and what to do."""


def find(seen: ServerObserved, component: Component, prefix: str = "") -> Blockage | None:
    """What blocks the pods of a component whose names begin with the prefix, or None.

    Of several, the one that says most: images and volumes before crashes.
    """
    blocked = [
        one
        for one in seen.waiting
        if one.component == component.value and one.pod.startswith(prefix)
    ]
    return worst(blocked, seen.identity.namespace)


def worst(blocked: Collection[Waiting], namespace: str) -> Blockage | None:
    """The one that says most, or None where there is none."""
    chosen = min(blocked, key=_rank, default=None)
    return _blockage(chosen, namespace, len(_pods(blocked))) if chosen else None


def reason_of(waiting: Waiting) -> Reason:
    """The condition reason of a pod that does not run."""
    if waiting.component == Component.DATABASE.value and _NO_ROOM in waiting.message:
        return Reason.DISK_FULL
    unbound = waiting.reason == "Unschedulable" and "PersistentVolumeClaim" in waiting.message
    if unbound:
        return Reason.VOLUME_UNBOUND
    return REASONS.get(waiting.reason, Reason.CONTAINER_NOT_RUNNING)


def _blockage(waiting: Waiting, namespace: str, pods: int) -> Blockage:
    reason = reason_of(waiting)
    said = ": ".join(
        judgement.excerpt(part) for part in (waiting.reason, waiting.message) if part
    ).rstrip(".")
    others = f" (and {pods - 1} more)" if pods > 1 else ""
    return Blockage(reason, f"pod {waiting.pod}{others}: {said}: {_advice(waiting, namespace)}")


def _advice(waiting: Waiting, namespace: str) -> str:
    reason = reason_of(waiting)
    advice = ADVICE[reason].format(namespace=namespace, pod=waiting.pod)
    if waiting.component in _DUMPS and reason is _IMAGE:
        return advice + _DUMP_IMAGE
    if waiting.component in _DUMPS and _DUMP_VOLUME in waiting.message:
        return _DUMP_ROOM
    return advice


def _rank(waiting: Waiting) -> tuple[int, bool, str, str]:
    """The order of ADVICE, then those that say something, then by name: the same every time."""
    place = [*ADVICE].index(reason_of(waiting))
    return place, not waiting.message, waiting.pod, waiting.reason


def _pods(blocked: Iterable[Waiting]) -> set[str]:
    return {one.pod for one in blocked}
