"""A client in JavaScript, by the libraries of the lock file."""

import fcntl
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.interop import program as interop_program


FOLDER = Path(__file__).parent / "node"


def ensure_installed() -> None:
    """Install what the lock file names, unless that has been done; parts of a run wait here."""
    lock, installed = FOLDER / "package-lock.json", FOLDER / "node_modules" / ".package-lock.json"
    with lock.open() as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        if installed.exists() and installed.stat().st_mtime >= lock.stat().st_mtime:
            return
        command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
        done = subprocess.run(  # noqa: S603
            command, check=False, cwd=FOLDER, capture_output=True, text=True, timeout=800
        )
        assert done.returncode == 0, f"npm ci failed: {done.stderr}"
        installed.touch()


def run(
    program: str,
    configuration: Mapping[str, object],
    *,
    authority: Path,
    visit: interop_program.Visit,
) -> dict[str, Any]:
    """What the program reports; see `program.run`."""
    command = ["node", f"{program}.mjs"]
    return interop_program.run(
        command, configuration, folder=FOLDER, authority=authority, visit=visit
    )
