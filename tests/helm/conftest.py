"""The chart rendered by the real Helm, and a real API server that judges what comes out."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from cluster import handle


ROOT = Path(__file__).resolve().parents[2]
CHART = ROOT / "helm" / "authly-operator"
NAMESPACE = "authly-system"
WATCHED = ("team-a", "team-b")


@dataclass(frozen=True)
class Helm:
    """The real Helm; a release is called authly and lives in authly-system, unless one says."""

    program: str

    def run(self, *arguments: str) -> str:
        return handle.run(self.program, *arguments)

    def lint(self, *arguments: str) -> str:
        # Without a cluster Helm assumes a version of Kubernetes of its own.
        return self.run("lint", str(CHART), "--strict", "--kube-version", "1.35.4", *arguments)

    def text(self, *arguments: str, release: str = "authly", namespace: str = NAMESPACE) -> str:
        place = ("template", release, str(CHART), "--namespace", namespace)
        return self.run(*place, "--kube-version", "1.35.4", *arguments)

    def render(self, *arguments: str, **place: str) -> list[dict[str, Any]]:
        text = self.text(*arguments, **place)
        return [document for document in yaml.safe_load_all(text) if document]


@pytest.fixture(scope="session")
def helm() -> Helm:
    return Helm(str(handle.tools() / "helm"))


@pytest.fixture(scope="session")
def control_plane() -> Iterator[handle.Cluster]:
    cluster = handle.Cluster(f"test-helm-{os.getpid()}")
    try:
        cluster.up(control_plane=True)
        for namespace in (NAMESPACE, *WATCHED):
            cluster.kubectl("create", "namespace", namespace)
        yield cluster
    finally:
        cluster.down()


@pytest.fixture(scope="session")
def definitions(control_plane: handle.Cluster) -> None:
    """The three kinds are known."""
    crds = [f"--filename={path}" for path in sorted((ROOT / "crds").glob("*.yaml"))]
    control_plane.kubectl("apply", "--server-side", *crds)
    control_plane.wait_established(*crds)


@pytest.fixture
def apply(control_plane: handle.Cluster, tmp_path: Path) -> Callable[..., str]:
    """Hand documents to the API server."""

    def send(documents: list[dict[str, Any]], *arguments: str) -> str:
        path = tmp_path / "documents.yaml"
        path.write_text(yaml.safe_dump_all(documents))
        return control_plane.kubectl("apply", "--server-side", *arguments, "-f", str(path))

    return send
