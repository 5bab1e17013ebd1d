"""A client in Python whose libraries are not among ours: it has its own virtual environment."""

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.interop import program as interop_program


FOLDER = Path(__file__).parent / "python"
REQUIREMENTS = Path(__file__).parent / "mcp-requirements.txt"
_PYTHON = FOLDER / ".venv" / "bin" / "python"


def ensure_installed() -> None:
    """Install what the requirements name, by their hashes, unless that has been done."""
    installed = FOLDER / ".venv" / "installed"
    if installed.exists() and installed.stat().st_mtime >= REQUIREMENTS.stat().st_mtime:
        return
    _run(sys.executable, "-m", "venv", "--clear", FOLDER / ".venv")
    pip = (_PYTHON, "-m", "pip", "--disable-pip-version-check", "--quiet", "install")
    _run(*pip, "--require-hashes", "--only-binary", ":all:", "-r", REQUIREMENTS)
    installed.touch()


def run(
    program: str,
    configuration: Mapping[str, object],
    *,
    authority: Path,
    visit: interop_program.Visit,
) -> dict[str, Any]:
    """What the program reports; see `program.run`."""
    return interop_program.run(
        [_PYTHON, f"{program}.py"],
        configuration,
        folder=FOLDER,
        authority=authority,
        visit=visit,
    )


def _run(*command: str | Path) -> None:
    done = subprocess.run(  # noqa: S603
        command, check=False, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, f"{command} failed: {done.stderr}"
