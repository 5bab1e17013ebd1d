"""What a cluster leaves outside its state directory, removed without its components' help.

Nothing here asks containerd or the kubelet, so it works after any crash.
"""

import contextlib
import errno
import os
import re
import shutil
import socket
from pathlib import Path

from cluster import layout, processes, programs, refusal


CGROUPS = Path("/sys/fs/cgroup")
PARENT = "k8s.io"  # where containerd puts containers whose cgroup the kubelet does not name
CONTAINER_ID = re.compile(r"[0-9a-f]{64}")
CNI_RESULTS = Path("/var/lib/cni/results")
CONTAINER_LOGS = Path("/var/log/containers")
SHIM_SOCKETS = Path("/run/containerd/s")
PLUGIN_SOCKET = Path("/var/lib/kubelet/device-plugins/kubelet.sock")


def containers(containerd: Path) -> set[str]:
    """The ids of every container and sandbox, from what containerd keeps on disk of them."""
    kept = containerd.glob("root/io.containerd.grpc.v1.cri/*/*")
    running = containerd.glob("state/io.containerd.runtime.v2.task/*/*")
    return {path.name for path in (*kept, *running) if CONTAINER_ID.fullmatch(path.name)}


def cgroups(containerd: Path) -> list[Path]:
    """The cgroups of all containers: a directory each, or with version 1 one in every hierarchy.

    They are called by the container's id alone, beside those of any other cluster of the machine.
    """
    parents = [path for path in (CGROUPS / PARENT, *CGROUPS.glob(f"*/{PARENT}")) if path.is_dir()]
    return [parent / name for parent in parents for name in containers(containerd)]


def contained(containerd: Path) -> set[int]:
    """Every process in a container of the cluster."""
    found: set[int] = set()
    for top in cgroups(containerd):
        for file in [top / "cgroup.procs", *top.rglob("cgroup.procs")]:
            with contextlib.suppress(OSError):
                found |= {int(line) for line in file.read_text().split()}
    return {pid for pid in found if pid > 0 and processes.alive(pid)}


def remove_cgroups(containerd: Path) -> None:
    """Remove the cgroups, the innermost directories first, and what held them when it is empty."""
    for top in cgroups(containerd):
        inner = sorted((path for path in top.rglob("*") if path.is_dir()), reverse=True)
        for path in [*inner, top, top.parent]:
            with contextlib.suppress(OSError):
                path.rmdir()


def mounts(root: Path) -> list[str]:
    """Everything mounted below a directory, in the order of unmounting."""
    table = Path("/proc/self/mountinfo").read_text().splitlines()
    points = [_unescape(line.split()[4]) for line in table]
    return [point for point in reversed(points) if point.startswith(f"{root}/")]


def _unescape(text: str) -> str:
    """The kernel writes blanks and the like as octal numbers."""
    return re.sub(r"\\([0-7]{3})", lambda found: chr(int(found[1], 8)), text)


def unmount(root: Path) -> None:
    """Unmount everything below a directory, lazily what is still busy.

    Raises:
        refusal.Refusal: something cannot be unmounted.
    """
    for point in mounts(root):
        if programs.attempt("umount", point).returncode != 0:
            programs.attempt("umount", "--lazy", point)
    left = mounts(root)
    if left:
        message = f"cannot unmount {left[0]}; the state directory stays"
        raise refusal.Refusal(message)


def remove_shim_sockets(containerd: Path) -> None:
    """Remove the sockets of shims that were killed; each bundle names its own."""
    for address in containerd.glob("state/io.containerd.runtime.v2.task/*/*/address"):
        path = Path(address.read_text().removeprefix("unix://"))
        if path.parent == SHIM_SOCKETS:
            path.unlink(missing_ok=True)


def remove_network_results(containerd: Path) -> None:
    """Remove what libcni remembers of pods: files called NETWORK-CONTAINER-INTERFACE."""
    ours = containers(containerd)
    for path in CNI_RESULTS.glob("*"):
        if ours.intersection(path.name.split("-")):
            path.unlink(missing_ok=True)


def remove_log_links(root: Path) -> None:
    """Remove the kubelet's links to container logs below a directory."""
    for path in CONTAINER_LOGS.glob("*"):
        with contextlib.suppress(OSError):
            if path.is_symlink() and path.readlink().is_relative_to(root):
                path.unlink()


def remove_plugin_socket() -> None:
    """Remove the kubelet's one socket outside its root, unless another kubelet listens."""
    with socket.socket(socket.AF_UNIX) as probe:
        if probe.connect_ex(str(PLUGIN_SOCKET)) == errno.ECONNREFUSED:
            PLUGIN_SOCKET.unlink()


def remove_empty_directories() -> None:
    """Remove the fixed directories that components make, where nobody else has anything in them."""
    for path in (PLUGIN_SOCKET.parent, CNI_RESULTS, CONTAINER_LOGS, SHIM_SOCKETS):
        with contextlib.suppress(OSError):
            path.rmdir()
            if path != CONTAINER_LOGS:
                path.parent.rmdir()


def remove_state(root: Path) -> None:
    """Remove the state directory, and the directories above it that are empty then."""
    with contextlib.suppress(FileNotFoundError):
        shutil.rmtree(root)
    for path in (layout.clusters(), layout.clusters().parent):
        with contextlib.suppress(OSError):
            path.rmdir()


def remove(place: layout.Layout) -> None:
    """Remove everything, once no process is left.

    Raises:
        refusal.Refusal: a mount cannot be removed.
    """
    if os.geteuid() == 0:
        unmount(place.root)
        remove_shim_sockets(place.containerd)
        remove_network_results(place.containerd)
        remove_log_links(place.root)
        remove_plugin_socket()
        remove_empty_directories()
        remove_cgroups(place.containerd)
    remove_state(place.root)
