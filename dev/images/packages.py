"""The Debian packages that building needs: installed where that is possible, else named."""

import os
import shutil
import subprocess

from images import progress


def need(*names: str) -> None:
    """
    Make sure that the programs `names`, each of the Debian package of the same name, are there.

    Raises:
        Failure: one is missing and cannot be installed from here.
    """
    missing = [name for name in names if shutil.which(name) is None]
    if not missing:
        return
    wanted = " ".join(missing)
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        message = f"missing programs; install them first: apt-get install {wanted}"
        raise progress.Failure(message)
    with progress.timed(f"apt-get install {wanted}"):
        _install(missing)


def _install(names: list[str]) -> None:
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    install = ["apt-get", "install", "-qy", "--no-install-recommends", *names]
    for command in (["apt-get", "update", "-q"], install):
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        if done.returncode:
            message = f"{' '.join(command)} failed: {done.stderr.strip()}"
            raise progress.Failure(message)
