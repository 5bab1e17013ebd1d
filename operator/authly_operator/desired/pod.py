"""What all pods share: the Pod Security profile "restricted", and a root that is read-only."""

from collections.abc import Sequence
from typing import Any, Final

from authly_operator import naming
from authly_operator.desired import placement
from authly_operator.desired.plan import Plan


USER: Final = 10001
"""User and group of our own image."""
TEMPORARY: Final = {"name": "tmp", "mountPath": "/tmp"}  # noqa: S108 - the pod's own

Part = dict[str, Any]


def template(
    plan: Plan,
    component: naming.Component,
    container: Part,
    *,
    annotations: dict[str, str] | None = None,
    volumes: Sequence[Part] = (),
    user: int = USER,
    **more: object,
) -> Part:
    """The pod template of one container, with a writable /tmp and nothing else to write to.

    Its labels leave out who manages it, so that pods and the Jobs of CronJobs are never taken
    for children.
    """
    metadata: Part = {"labels": naming.selector(plan.name, component)}
    if annotations:
        metadata["annotations"] = annotations
    spec = {
        "serviceAccountName": naming.deployment(plan.name),
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,  # variables such as <NAME>_PORT would shadow settings
        "securityContext": _security(user),
        "containers": [container],
        "volumes": [{"name": TEMPORARY["name"], "emptyDir": {}}, *volumes],
    }
    return {"metadata": metadata, "spec": {**spec, **placement.of_every_pod(plan), **more}}


def container(name: str, image: str, *, mounts: Sequence[Part] = (), **more: object) -> Part:
    """A container that may do nothing but run."""
    return {
        "name": name,
        "image": image,
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "readOnlyRootFilesystem": True,
        },
        "terminationMessagePolicy": "FallbackToLogsOnError",
        "volumeMounts": [dict(TEMPORARY), *mounts],
        **more,
    }


def _security(user: int) -> Part:
    return {
        "runAsNonRoot": True,
        "runAsUser": user,
        "runAsGroup": user,
        "fsGroup": user,
        "fsGroupChangePolicy": "OnRootMismatch",
        "seccompProfile": {"type": "RuntimeDefault"},
    }
