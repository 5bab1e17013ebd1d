"""A volume claim for backups, and a pod that reads it, in a namespace that may be restricted."""

from tests.e2e import external
from tests.e2e.instance import Instance
from tests.e2e.kube import Object


CLAIM = "backups"
DESTINATION = {"persistentVolumeClaim": {"claimName": CLAIM}}
_USER = 10001
"""That of our own image: files of backups are its own."""
_MAY_NOTHING = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}


def claim(namespace: str) -> Object:
    """The claim that backups go to."""
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": CLAIM, "namespace": namespace},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
    }


def put_up(instance: Instance) -> None:
    """Make the claim, and the pod that reads it."""
    kube, place = instance.kube, instance.namespace
    container = {
        "name": "fetch",
        "image": external.IMAGE,
        "command": ["sleep", "1800"],
        "securityContext": _MAY_NOTHING,
        "volumeMounts": [{"name": "shelf", "mountPath": "/shelf"}],
    }
    security = {"runAsUser": _USER, "runAsGroup": _USER, "fsGroup": _USER, "runAsNonRoot": True}
    spec = {
        "securityContext": {**security, "seccompProfile": {"type": "RuntimeDefault"}},
        "containers": [container],
        "terminationGracePeriodSeconds": 1,
        "volumes": [{"name": "shelf", "persistentVolumeClaim": {"claimName": CLAIM}}],
    }
    metadata = {"name": "fetch", "namespace": place}
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}
    kube.apply(claim(place), pod)
    kube.run("wait", "--for=condition=Ready", "pod/fetch", "-n", place, "--timeout=60s")


def run(instance: Instance, program: str, *arguments: str) -> str:
    """What a program in the claim's directory prints."""
    script = f'cd /shelf && {program} "$@"'
    argv = ("sh", "-c", script, "sh", *arguments)
    return instance.kube.run("exec", "fetch", "-n", instance.namespace, "--", *argv)
