"""The node's network namespace: the node lives in it, so nothing of the host's network changes."""

import ctypes
import os
from collections.abc import Sequence
from pathlib import Path

from cluster import layout, programs


BRIDGE = "cni0"
CLONE_NEWNET = 0x40000000  # sched.h
MODULES = ("overlay", "br_netfilter", "ip_tables", "iptable_nat", "xt_comment", "nf_conntrack")


def ensure(place: layout.Layout) -> None:
    """Make the namespace with loopback, a bridge for pods, forwarding, and a default route.

    Without the default route the node itself could not reach ClusterIPs, which are NAT rules only.

    Raises:
        refusal.Refusal: `ip` failed.
    """
    if not _usable(place.namespace):
        _load_modules()
        programs.attempt("umount", place.namespace)
        place.namespace.touch()
        programs.run("unshare", f"--net={place.namespace}", "true")
    inside = enter(place)
    if programs.attempt(*inside, "ip", "link", "show", BRIDGE).returncode == 0:
        return
    programs.run(*inside, "ip", "link", "set", "lo", "up")
    programs.run(*inside, "sh", "-c", "echo 1 > /proc/sys/net/ipv4/ip_forward")
    programs.run(*inside, "ip", "link", "add", BRIDGE, "type", "bridge")
    programs.run(*inside, "ip", "addr", "add", f"{layout.NODE_ADDRESS}/24", "dev", BRIDGE)
    programs.run(*inside, "ip", "link", "set", BRIDGE, "up")
    programs.run(*inside, "ip", "route", "add", "default", "dev", BRIDGE)


def _load_modules() -> None:
    """Load what a fresh kernel has not yet; where modules are built in, nothing is lost."""
    if programs.find("modprobe"):
        programs.attempt("modprobe", "--all", *MODULES)


def _usable(namespace: Path) -> bool:
    """Whether the file is a namespace and not what a reboot or a crash left of one."""
    return (
        namespace.exists()
        and programs.attempt("nsenter", f"--net={namespace}", "true").returncode == 0
    )


def enter(place: layout.Layout) -> tuple[str, ...]:
    """What to put before a command.

    Not `ip netns exec`: that remounts /sys, and the kubelet then finds no cgroups.
    """
    return ("nsenter", f"--net={place.namespace}")


def inside_with_names(place: layout.Layout, command: Sequence[str]) -> list[str]:
    """A command in the namespace that resolves names by the cluster's DNS (own mount namespace)."""
    resolver = place.configuration / "resolv.conf"
    script = 'mount --bind "$0" /etc/resolv.conf && exec "$@"'
    private = ("unshare", "--mount", "--propagation=private", "sh", "-c", script, str(resolver))
    return [*enter(place), *private, *command]


def join(namespace: Path) -> None:
    """Move this thread, and those it starts later, into a network namespace; open sockets stay.

    Raises:
        OSError: the kernel refused.
    """
    library = ctypes.CDLL(None, use_errno=True)
    with namespace.open() as file:
        if library.setns(file.fileno(), CLONE_NEWNET) != 0:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number), str(namespace))
