"""An S3 server of its own: versitygw over a temporary directory, built once from its Go module.

The module and everything below it are pinned by dev/s3/go.mod and go.sum; the binary is kept in
`${XDG_CACHE_HOME:-~/.cache}/authly/`, keyed by what it was built from.
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from throwaway.ports import free_port


SOURCE = Path(__file__).parents[1] / "s3"
PROGRAM = "github.com/versity/versitygw/cmd/versitygw"
ACCESS_KEY_ID = "throwaway"
SECRET_ACCESS_KEY = "throwaway-secret"  # noqa: S105  # of a server on loopback
REGION = "us-east-1"
_PATIENCE = 120.0


@dataclass
class Gateway:
    """A running S3 server; its buckets are directories below `directory`."""

    directory: Path
    port: int
    _process: subprocess.Popen[bytes]

    @property
    def endpoint(self) -> str:
        """The URL to give to an S3 client; buckets are addressed by path."""
        return f"http://127.0.0.1:{self.port}"

    def stop(self) -> None:
        """End the server; what it stored stays."""
        self._process.terminate()
        self._process.wait(timeout=_PATIENCE)

    def close(self) -> None:
        """End the server and remove what it stored."""
        self.stop()
        shutil.rmtree(self.directory)


def create() -> Gateway:
    """Start a server without any bucket."""
    program = ensure_built()
    directory = Path(tempfile.mkdtemp(prefix="authly-s3-"))
    port = free_port()
    for name in ("buckets", "metadata"):
        (directory / name).mkdir()
    with (directory / "log").open("wb") as log:
        process = subprocess.Popen(  # noqa: S603
            [
                "/usr/bin/setpriv",
                "--pdeathsig=TERM",  # ends with the test run that started it
                "--",
                str(program),
                "--port",
                f"127.0.0.1:{port}",
                "--region",
                REGION,
                "posix",
                "--sidecar",
                str(directory / "metadata"),
                str(directory / "buckets"),
            ],
            stdout=log,
            stderr=log,
            env={"ROOT_ACCESS_KEY": ACCESS_KEY_ID, "ROOT_SECRET_KEY": SECRET_ACCESS_KEY},
        )
    gateway = Gateway(directory, port, process)
    _wait(gateway)
    return gateway


def ensure_built() -> Path:
    """Build the server unless its binary is in the cache; one process at a time."""
    cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "authly"
    binary = cache / f"versitygw-{_key()}"
    if binary.exists():
        return binary
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / "versitygw.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not binary.exists():
            _build(binary)
    return binary


def _key() -> str:
    digest = hashlib.sha256()
    for name in ("go.mod", "go.sum"):
        digest.update((SOURCE / name).read_bytes())
    return digest.hexdigest()[:16]


def _build(binary: Path) -> None:
    partial = binary.with_suffix(".partial")
    subprocess.run(  # noqa: S603
        ["go", "build", "-mod=readonly", "-trimpath", "-o", str(partial), PROGRAM],  # noqa: S607
        cwd=SOURCE,
        env=os.environ | {"CGO_ENABLED": "0"},
        check=True,
    )
    partial.rename(binary)


def _wait(gateway: Gateway) -> None:
    """Until it answers anything at all: an unsigned request is refused, and that is an answer."""
    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            urllib.request.urlopen(gateway.endpoint, timeout=2).close()  # noqa: S310
        except urllib.error.HTTPError as error:
            error.close()
            return
        except OSError:
            if time.monotonic() > deadline:
                gateway.close()
                raise
            time.sleep(0.05)
        else:
            return
