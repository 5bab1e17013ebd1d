"""What a cluster leaves on the machine outside its state directory, found and removed without its components' help.

Nothing here asks containerd or the kubelet, so it works after any crash.
"""

import contextlib
import os
import re
import shutil
from pathlib import Path

from cluster import layout, processes, programs, refusal


CGROUPS = Path("/sys/fs/cgroup")
CNI_RESULTS = Path("/var/lib/cni/results")
CONTAINER_LOGS = Path("/var/log/containers")
SHIM_SOCKETS = Path("/run/containerd/s")


def cgroups(identity: str) -> list[Path]:
    """The cluster's cgroup: one directory, or with version 1 one in every hierarchy."""
    return [path for path in (CGROUPS / identity, *CGROUPS.glob(f"*/{identity}")) if path.is_dir()]


def contained(identity: str) -> set[int]:
    """Every process in a container of the cluster."""
    found: set[int] = set()
    for top in cgroups(identity):
        for file in [top / "cgroup.procs", *top.rglob("cgroup.procs")]:
            with contextlib.suppress(OSError):
                found |= {int(line) for line in file.read_text().split()}
    return {pid for pid in found if pid > 0 and processes.alive(pid)}


def remove_cgroups(identity: str) -> None:
    """Remove the cgroup, the innermost directories first."""
    for top in cgroups(identity):
        inner = sorted((path for path in top.rglob("*") if path.is_dir()), reverse=True)
        for path in [*inner, top]:
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


def remove_network_results(identity: str) -> None:
    """Remove what libcni remembers of the cluster's pods: files called NETWORK-CONTAINER-INTERFACE."""
    ours = re.compile(rf"{re.escape(identity)}-[0-9a-f]{{64}}-\w+")
    for path in CNI_RESULTS.glob("*"):
        if ours.fullmatch(path.name):
            path.unlink(missing_ok=True)


def remove_log_links(root: Path) -> None:
    """Remove the kubelet's links to container logs below a directory."""
    for path in CONTAINER_LOGS.glob("*"):
        with contextlib.suppress(OSError):
            if path.is_symlink() and path.readlink().is_relative_to(root):
                path.unlink()


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
        remove_network_results(place.identity)
        remove_log_links(place.root)
        remove_cgroups(place.identity)
    remove_state(place.root)
