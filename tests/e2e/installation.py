"""The node, the images and the operator, as a person would install them."""

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.e2e import reader
from tests.e2e.kube import SYSTEM, Kube

from cluster import handle


ROOT = Path(__file__).resolve().parents[2]
CHART = ROOT / "helm" / "authly-operator"
RELEASE = "authly-operator"
NEXT_TAG = "0.1.1-test"
KEPT = os.environ.get("AUTHLY_E2E_CLUSTER", "")
"""The name of a cluster to use and to leave up, for those who work on these tests."""


@contextlib.contextmanager
def node() -> Iterator[Kube]:
    """A whole node while the block runs."""
    cluster = handle.Cluster(KEPT or f"e2e-{os.getpid()}")
    try:
        cluster.up()
        with reader.connected(cluster.place.kubeconfig) as reading:
            yield Kube(cluster, handle.tools(), reading)
    finally:
        if not KEPT:
            cluster.down()


def build(*arguments: str) -> list[Path]:
    """Build images; their archives."""
    argv = (sys.executable, str(ROOT / "dev" / "images"), "build", *arguments)
    return [Path(line) for line in handle.run(*argv).split()]


def load(kube: Kube, archives: list[Path]) -> None:
    """Bring archives into the node, those that it does not have yet."""
    record = kube.cluster.place.root / "loaded"
    loaded = set(record.read_text().split()) if record.exists() else set()
    missing = [str(path) for path in archives if path.stem not in loaded]
    if missing:
        kube.cluster.run("load-image", *missing)
        record.write_text("\n".join(loaded | {path.stem for path in archives}))


def install(kube: Kube, build_name: str, *options: str) -> None:
    """Install the operator by its chart and wait until it runs."""
    where = ("--namespace", SYSTEM, "--create-namespace", "--wait", "--timeout", "180s")
    chosen = ("--set-string", f"podAnnotations.build={build_name}")
    kube.helm("upgrade", "--install", RELEASE, str(CHART), *where, *chosen, *options)


@contextlib.contextmanager
def forwarded(kube: Kube, port: int, target: str, *flags: str) -> Iterator[None]:
    """A port of this machine that leads to a Service (NAME.NAMESPACE:PORT) while the block runs."""
    log = kube.cluster.place.logs / f"forward-{port}.log"
    argv = kube.cluster.argv("forward", str(port), target, *flags)
    with (
        log.open("w", encoding="utf-8") as said,
        subprocess.Popen(argv, stderr=said) as forwarding,  # noqa: S603 - ours
    ):
        try:
            kube.wait_until(f"the forward to {target}", lambda: "Forwarding" in log.read_text(), 30)
            yield
        finally:
            forwarding.terminate()


def clear(kube: Kube, *namespaces: str) -> None:
    """Delete namespaces; their ends are waited for only where the node is used again."""
    wait = f"--wait={str(bool(KEPT)).lower()}"
    kube.run("delete", "namespace", *namespaces, "--ignore-not-found", wait)
