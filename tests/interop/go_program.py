"""A client in Go, built once from its module and kept, keyed by what it was built from."""

import hashlib
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.interop import program as interop_program


FOLDER = Path(__file__).parent / "go"
_CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "authly"


def build(folder: Path = FOLDER) -> Path:
    """The program of a module, built unless that has been done."""
    digest = hashlib.sha256()
    for name in ("go.mod", "go.sum", "main.go"):
        digest.update((folder / name).read_bytes())
    binary = _CACHE / f"interop-{digest.hexdigest()[:16]}"
    if not binary.exists():
        _build(folder, binary)
    return binary


def run(
    binary: Path,
    configuration: Mapping[str, object],
    *,
    authority: Path,
    visit: interop_program.Visit,
) -> dict[str, Any]:
    """What the program reports; see `program.run`."""
    return interop_program.run(
        [binary], configuration, folder=FOLDER, authority=authority, visit=visit
    )


def _build(folder: Path, binary: Path) -> None:
    binary.parent.mkdir(parents=True, exist_ok=True)
    partial = binary.with_suffix(f".{os.getpid()}")
    done = subprocess.run(  # noqa: S603
        ["go", "build", "-mod=readonly", "-trimpath", "-o", str(partial), "."],  # noqa: S607
        check=False,
        cwd=folder,
        env=os.environ | {"CGO_ENABLED": "0"},
        capture_output=True,
        text=True,
        timeout=280,
    )
    assert done.returncode == 0, f"go build failed: {done.stderr}"
    partial.rename(binary)
