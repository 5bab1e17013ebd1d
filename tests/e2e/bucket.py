"""An S3 server in the node's network, where pods reach it; a bucket is a directory of the host."""

import contextlib
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.e2e import external
from tests.e2e.kube import Kube, Object

from cluster import layout
from throwaway import s3


PORT = 9444
NAME = "backups"


@dataclass(frozen=True)
class Bucket:
    """A bucket as pods find it, and what it holds."""

    directory: Path

    @property
    def names(self) -> list[str]:
        """The names of all objects below the prefix."""
        return sorted(path.name for path in (self.directory / "nightly").glob("*"))

    def read(self, name: str) -> bytes:
        """An object's bytes."""
        return (self.directory / "nightly" / name).read_bytes()

    @property
    def destination(self) -> Object:
        """It as a backup's destination, with the Secret of `credentials`."""
        place = {"bucket": NAME, "prefix": "nightly/", "region": s3.REGION}
        endpoint = f"http://{layout.NODE_ADDRESS}:{PORT}"
        return {"s3": {**place, "endpoint": endpoint, "credentialsSecretRef": {"name": "s3"}}}


def credentials(namespace: str) -> Object:
    """The Secret that the destination refers to."""
    keys = {
        "AWS_ACCESS_KEY_ID": s3.ACCESS_KEY_ID,
        "AWS_SECRET_ACCESS_KEY": s3.SECRET_ACCESS_KEY,
    }
    return external.secret(namespace, "s3", **keys)


@contextlib.contextmanager
def running(kube: Kube) -> Iterator[Bucket]:
    """A server with an empty bucket while the block runs."""
    program = s3.ensure_built()
    with tempfile.TemporaryDirectory(prefix="authly-s3-") as made:
        directory = Path(made)
        for name in ("metadata", f"buckets/{NAME}"):
            (directory / name).mkdir(parents=True)
        listen = ("--port", f"{layout.NODE_ADDRESS}:{PORT}", "--region", s3.REGION)
        stored = ("posix", "--sidecar", str(directory / "metadata"), str(directory / "buckets"))
        keys = (
            f"ROOT_ACCESS_KEY={s3.ACCESS_KEY_ID}",
            f"ROOT_SECRET_KEY={s3.SECRET_ACCESS_KEY}",
        )
        argv = kube.cluster.argv("exec", "--", "env", *keys, str(program), *listen, *stored)
        ends_with_us = ("setpriv", "--pdeathsig=TERM", "--")
        log = directory / "log"
        with (
            log.open("wb") as said,
            subprocess.Popen([*ends_with_us, *argv], stdout=said, stderr=said) as serving,  # noqa: S603
        ):
            try:
                ready = ("bash", "-c", f"exec 3<>/dev/tcp/{layout.NODE_ADDRESS}/{PORT}")
                kube.wait_until("the S3 server", lambda: _succeeds(kube, *ready), 30)
                yield Bucket(directory / "buckets" / NAME)
            finally:
                serving.terminate()


def _succeeds(kube: Kube, *command: str) -> bool:
    """Whether a command in the node's network succeeds."""
    argv = kube.cluster.argv("exec", "--", *command)
    return subprocess.run(argv, capture_output=True, check=False).returncode == 0  # noqa: S603
