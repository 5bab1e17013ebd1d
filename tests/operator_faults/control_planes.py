"""A control plane whose parts are killed, and whose etcd is put back to what it held before."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from cluster import handle, processes


PARTS = ("kube-controller-manager", "kube-apiserver", "etcd")


@dataclass(frozen=True)
class ControlPlane:
    """One that a test may break; `start` brings back whatever is not there."""

    cluster: handle.Cluster
    copy: Path
    """Where a copy of etcd's data is kept."""

    def kill(self, *parts: str) -> None:
        """SIGKILL."""
        place = self.cluster.place.processes
        found = (processes.find(place, part) for part in parts)
        processes.kill(pid for pid in found if pid is not None)

    def start(self) -> None:
        self.cluster.up(control_plane=True)

    def keep(self) -> None:
        """Copy what etcd holds; the control plane is away meanwhile."""
        self.kill(*PARTS)
        shutil.copytree(self._data, self.copy)
        self.start()

    def restore(self) -> None:
        """Put etcd back to what it held then, as an administrator does: with all parts down."""
        self.kill(*PARTS)
        shutil.rmtree(self._data)
        shutil.copytree(self.copy, self._data)
        self.start()

    @property
    def _data(self) -> Path:
        return self.cluster.place.root / "etcd"
