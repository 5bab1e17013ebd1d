"""Where a cluster keeps everything: paths and system-wide names, derived from its name."""

import dataclasses
import hashlib
import os
import re
from pathlib import Path

from cluster import refusal


DEFAULT_NAME = "authly"
SOURCE = Path(__file__).resolve().parent
NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,28}[a-z0-9])?")
LONGEST_SOCKET_PATH = 107  # sun_path of unix(7), without its closing zero

# A node's addresses. Every node has a network namespace, so two clusters may use the same ones.
NODE = "node1"
NODE_ADDRESS = "10.89.0.1"
POD_NETWORK = "10.89.0.0/24"
SERVICE_NETWORK = "10.96.0.0/16"
API_SERVICE_ADDRESS = "10.96.0.1"
DNS_SERVICE_ADDRESS = "10.96.0.10"
DOMAIN = "cluster.local"


def _xdg(variable: str, fallback: str) -> Path:
    """One directory of the XDG base directory specification; a relative value is to be ignored."""
    value = os.environ.get(variable, "")
    return Path(value) if Path(value).is_absolute() else Path.home() / fallback


def cache() -> Path:
    """The directory of built binaries, shared by all clusters and checkouts."""
    return _xdg("XDG_CACHE_HOME", ".cache") / "authly"


def clusters() -> Path:
    """The directory that has one directory a cluster."""
    return _xdg("XDG_STATE_HOME", ".local/state") / "authly" / "cluster"


@dataclasses.dataclass(frozen=True)
class Layout:
    """The places of one cluster."""

    name: str
    root: Path

    @property
    def identity(self) -> str:
        """A name that is unique on this machine, also among users and state directories."""
        digest = hashlib.sha256(str(self.root).encode()).hexdigest()[:6]
        return f"authly-{self.name}-{digest}"

    @property
    def certificates(self) -> Path:
        """Keys and certificates, a pair a holder."""
        return self.root / "certificates"

    @property
    def authority(self) -> Path:
        """The certificate of the cluster's CA, for clients that must trust it."""
        return self.certificates / "ca.crt"

    @property
    def kubeconfig(self) -> Path:
        """The host's kubeconfig, as cluster administrator."""
        return self.root / "kubeconfig"

    @property
    def configuration(self) -> Path:
        """Configuration files and kubeconfigs of the components."""
        return self.root / "configuration"

    @property
    def processes(self) -> Path:
        """PID files."""
        return self.root / "processes"

    @property
    def logs(self) -> Path:
        """One log a component."""
        return self.root / "logs"

    @property
    def kubelet(self) -> Path:
        """The kubelet's root directory."""
        return self.root / "kubelet"

    @property
    def containerd(self) -> Path:
        """The directory of containerd: images, snapshots, bundles."""
        return self.root / "containerd"

    @property
    def containerd_socket(self) -> Path:
        """Where containerd of this cluster listens."""
        return self.root / "containerd.sock"

    @property
    def volumes(self) -> Path:
        """The directories behind the persistent volumes."""
        return self.root / "volumes"

    @property
    def namespace(self) -> Path:
        """The network namespace, as a file that it is mounted on."""
        return self.root / "network"

    @property
    def settings(self) -> Path:
        """What was decided at the first start: the form and the ports."""
        return self.root / "settings.json"

    def exists(self) -> bool:
        """Whether the cluster was started and not taken down since."""
        return self.settings.exists()


def find(name: str) -> Layout:
    """The layout of the cluster called `name`.

    Raises:
        refusal.Refusal: the name is not a lower-case DNS label of at most 30 characters.
    """
    if not NAME.fullmatch(name):
        message = f"cluster name {name!r}: want 1 to 30 of a-z, 0-9 and '-', no '-' at either end"
        raise refusal.Refusal(message)
    return Layout(name, clusters() / name)


def check_sockets(place: Layout) -> None:
    """Check that the kernel will take the paths of the sockets that a node makes in its state.

    Raises:
        refusal.Refusal: they are too long.
    """
    longest = place.kubelet / "pod-resources" / "kubelet.sock.sock"
    if len(str(longest).encode()) > LONGEST_SOCKET_PATH:
        message = f"{place.root}: too long a path for sockets; set XDG_STATE_HOME to a shorter one"
        raise refusal.Refusal(message)
