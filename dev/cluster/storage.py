"""Persistent volumes: directories of the node, made in advance, bound when a pod first wants one.

`local` volumes honour fsGroup, as a cloud's volumes do and hostPath does not.
"""

import contextlib
import json
import shutil
from pathlib import Path
from typing import Any

from cluster import layout


CLASS = "standard"
COUNT = 24
CAPACITY = "100Gi"  # a number that any claim fits into; nothing enforces it


def manifests(directory: Path, bound: set[str]) -> list[dict[str, Any]]:
    """The default StorageClass, and every volume that is not in use already."""
    names = [f"local-{number:02d}" for number in range(1, COUNT + 1)]
    return [
        _storage_class(),
        *(_volume(name, directory / name) for name in names if name not in bound),
    ]


def _storage_class() -> dict[str, Any]:
    default = {"storageclass.kubernetes.io/is-default-class": "true"}
    return {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "StorageClass",
        "metadata": {"name": CLASS, "annotations": default},
        "provisioner": "kubernetes.io/no-provisioner",
        "volumeBindingMode": "WaitForFirstConsumer",
    }


def _volume(name: str, path: Path) -> dict[str, Any]:
    here = {"key": "kubernetes.io/hostname", "operator": "In", "values": [layout.NODE]}
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {"name": name},
        "spec": {
            "capacity": {"storage": CAPACITY},
            "accessModes": ["ReadWriteOnce"],
            "persistentVolumeReclaimPolicy": "Retain",
            "storageClassName": CLASS,
            "local": {"path": str(path)},
            "nodeAffinity": {"required": {"nodeSelectorTerms": [{"matchExpressions": [here]}]}},
        },
    }


def released(volumes: str) -> list[str]:
    """The names of volumes whose claim is gone, from `kubectl get persistentvolumes -o json`."""
    return [
        item["metadata"]["name"]
        for item in json.loads(volumes)["items"]
        if _phase(item) in {"Released", "Failed"}
    ]


def kept(volumes: str) -> set[str]:
    """The names of volumes that exist and stay as they are, from the same answer."""
    return {item["metadata"]["name"] for item in json.loads(volumes)["items"]} - set(
        released(volumes)
    )


def _phase(volume: dict[str, Any]) -> str:
    return str(volume.get("status", {}).get("phase", ""))


def prepare(directory: Path) -> None:
    """Make the directories."""
    for number in range(1, COUNT + 1):
        (directory / f"local-{number:02d}").mkdir(parents=True, exist_ok=True)


def wipe(directory: Path, name: str) -> None:
    """Empty a volume for its next claim, as a cloud hands out empty disks."""
    with contextlib.suppress(FileNotFoundError):
        shutil.rmtree(directory / name)
    (directory / name).mkdir(parents=True)
