"""A client in Python whose libraries are not among ours: it has its own virtual environment.

That is kept outside of the checkout, keyed by what it was made from.
"""

import fcntl
import hashlib
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.interop import program as interop_program


FOLDER = Path(__file__).parent / "python"
REQUIREMENTS = Path(__file__).parent / "mcp-requirements.txt"
_CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "authly"


def _environment() -> Path:
    digest = hashlib.sha256(sys.version.encode() + REQUIREMENTS.read_bytes()).hexdigest()
    return _CACHE / f"interop-python-{digest[:16]}"


def ensure_installed() -> None:
    """Install what the requirements name, by their hashes, unless that has been done."""
    place = _environment()
    _CACHE.mkdir(parents=True, exist_ok=True)
    with place.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if (place / "installed").exists():
            return
        _run(sys.executable, "-m", "venv", "--clear", place)
        pip = (place / "bin" / "python", "-m", "pip", "--disable-pip-version-check", "--quiet")
        _run(*pip, "install", "--require-hashes", "--only-binary", ":all:", "-r", REQUIREMENTS)
        (place / "installed").touch()


def run(
    program: str,
    configuration: Mapping[str, object],
    *,
    authority: Path,
    visit: interop_program.Visit,
) -> dict[str, Any]:
    """What the program reports; see `program.run`."""
    return interop_program.run(
        [_environment() / "bin" / "python", f"{program}.py"],
        configuration,
        folder=FOLDER,
        authority=authority,
        visit=visit,
    )


def _run(*command: str | Path) -> None:
    done = subprocess.run(  # noqa: S603
        command, check=False, capture_output=True, text=True, timeout=800
    )
    assert done.returncode == 0, f"{command} failed: {done.stderr}"
