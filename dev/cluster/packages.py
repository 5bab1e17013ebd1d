"""Debian packages: which ones a form of the cluster needs, which are missing, how they come."""

import os
from collections.abc import Mapping
from pathlib import Path

from cluster import programs, progress, refusal


CNI_DIRECTORIES = (Path("/usr/lib/cni"), Path("/opt/cni/bin"))
CNI_PACKAGE = "containernetworking-plugins"
CONTROL_PLANE = {"openssl": "openssl"}
NODE = CONTROL_PLANE | {
    "containerd": "containerd",
    "ctr": "containerd",
    "runc": "runc",
    "iptables": "iptables",
    "ip": "iproute2",
    "conntrack": "conntrack",
    "nsenter": "util-linux",
    "unshare": "util-linux",
    "mount": "mount",
}

ENFORCER = {"ipset": "ipset", "iptables": "iptables"}


def plugins() -> Path | None:
    """The directory of the CNI plug-ins, or None where they are not installed."""
    return next((place for place in CNI_DIRECTORIES if (place / "bridge").exists()), None)


def missing(needed: Mapping[str, str]) -> list[str]:
    """The packages to install, sorted, so that all of `needed` (program -> package) is there."""
    absent = {package for program, package in needed.items() if programs.find(program) is None}
    if "containerd" in needed and plugins() is None:
        absent.add(CNI_PACKAGE)
    return sorted(absent)


def ensure(needed: Mapping[str, str]) -> None:
    """Install what is missing; where that is not ours to do, say what to run.

    Raises:
        refusal.Refusal: packages are missing and this is not root on Debian, or apt-get failed.
    """
    absent = missing(needed)
    if not absent:
        return
    command = f"apt-get install -y --no-install-recommends {' '.join(absent)}"
    if os.geteuid() != 0 or programs.find("apt-get") is None:
        message = f"missing packages: {' '.join(absent)}; as root, run: {command}"
        raise refusal.Refusal(message)
    progress.say(f"Installing missing packages: {' '.join(absent)}")
    os.environ["DEBIAN_FRONTEND"] = "noninteractive"
    programs.run("apt-get", "update", "-qq")
    programs.run(*command.split())
