"""Pods of other people, with a shell that can connect, and who stands in their way."""

import contextlib
from collections.abc import Iterator
from typing import Final

from tests.e2e import external
from tests.e2e.kube import Kube, Object

from cluster import handle


STRANGER: Final = "stranger"
_MAY_NOTHING: Final = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
_NOBODY: Final = {
    "runAsUser": 10001,
    "runAsNonRoot": True,
    "seccompProfile": {"type": "RuntimeDefault"},
}


@contextlib.contextmanager
def enforced(kube: Kube) -> Iterator[None]:
    """Policies are enforced while the block runs."""
    kube.cluster.run("enforce-policies")
    try:
        yield
    finally:
        kube.cluster.run("enforce-policies", "--off")


def pod(place: str, name: str = STRANGER, **labels: str) -> Object:
    """A pod of somebody else's with a shell that can connect; labels make it like one of ours."""
    container = {
        "name": "shell",
        "image": external.IMAGE,
        "command": ["sleep", "1800"],
        "securityContext": _MAY_NOTHING,
    }
    spec = {
        "containers": [container],
        "securityContext": _NOBODY,
        "terminationGracePeriodSeconds": 1,
    }
    metadata = {"name": name, "namespace": place, "labels": labels}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}


def address(kube: Kube, place: str) -> str:
    """Where the stranger of a namespace comes from."""
    return str(kube.get("pod", STRANGER, place)["status"]["podIP"])


def shell(kube: Kube, place: str, pod: str, script: str, *arguments: str) -> str:
    """What a script in a pod's shell says.

    Raises:
        handle.CommandFailed: it failed.
    """
    return kube.run("exec", pod, "-n", place, "--", "bash", "-c", script, *arguments)


def reaches(kube: Kube, place: str, pod: str, address: str, port: int) -> bool:
    """Whether a pod's shell can connect."""
    with contextlib.suppress(handle.CommandFailed):
        shell(kube, place, pod, f"timeout 3 bash -c '</dev/tcp/{address}/{port}'")
        return True
    return False


def reaches_in_time(kube: Kube, place: str, pod: str, address: str, port: int) -> bool:
    """Whether a pod can connect, once the enforcer has heard of it."""

    def heard() -> bool:
        return reaches(kube, place, pod, address, port)

    kube.wait_until("the enforcer to hear of a pod", heard, 30)
    return True
