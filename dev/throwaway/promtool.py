"""promtool, Prometheus' own judge of rules: Debian's, unpacked into the cache and not installed."""

import fcntl
import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Final


PACKAGE: Final = "prometheus"


def path() -> Path:
    """The program: from PATH, or fetched once by apt-get; one process at a time."""
    installed = shutil.which("promtool")
    if installed is not None:
        return Path(installed)
    cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "authly"
    program = cache / "promtool"
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / "promtool.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not program.exists():
            _fetch(program)
    return program


def _fetch(program: Path) -> None:
    with tempfile.TemporaryDirectory(prefix="authly-promtool-") as place:
        Path(place).chmod(0o755)  # apt-get downloads as a user of its own
        subprocess.run(["apt-get", "update", "-qq"], check=True)  # noqa: S607
        subprocess.run(["apt-get", "download", "-qq", PACKAGE], cwd=place, check=True)  # noqa: S603, S607
        (archive,) = Path(place).glob("*.deb")
        subprocess.run(["dpkg-deb", "--extract", str(archive), place], check=True)  # noqa: S603, S607
        partial = program.with_suffix(".partial")
        shutil.copy(Path(place) / "usr" / "bin" / "promtool", partial)
        partial.rename(program)
