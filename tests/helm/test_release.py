"""A release from its installation to its end, by the real Helm on a real API server."""

import os
from pathlib import Path
from typing import Protocol

import pytest

from cluster import handle


pytestmark = pytest.mark.control_plane

CHART = Path(__file__).resolve().parents[2] / "helm" / "authly-operator"
RELEASE = "authly-operator"


class Helm(Protocol):
    def run(self, *arguments: str) -> str: ...


@pytest.fixture(scope="module")
def fresh() -> object:
    cluster = handle.Cluster(f"test-release-{os.getpid()}")
    try:
        cluster.up(control_plane=True)
        yield cluster
    finally:
        cluster.down()


def test_definitions_and_servers_outlive_the_release(fresh: handle.Cluster, helm: Helm) -> None:
    where = ("--kubeconfig", str(fresh.place.kubeconfig), "--namespace", "authly-system")
    told = helm.run("install", RELEASE, str(CHART), *where, "--create-namespace")
    assert "kubectl -n authly-system rollout status deployment/authly-operator" in told
    fresh.wait_established("crd", "--all")
    quickstart = CHART.parents[1] / "examples" / "quickstart.yaml"
    fresh.kubectl("apply", "-f", str(quickstart))

    helm.run("upgrade", RELEASE, str(CHART), *where, "--set", "replicas=2,logLevel=Debug")
    names = fresh.kubectl("get", "pdb,deployment", "-n", "authly-system", "-o", "name")
    assert names.split() == [
        "poddisruptionbudget.policy/authly-operator",
        "deployment.apps/authly-operator",
    ]

    helm.run("uninstall", RELEASE, *where)
    left = fresh.kubectl("get", "authlyserver,authlyclient", "-A", "-o", "name").split()
    assert "authlyserver.authly.dev/main" in left
    assert fresh.kubectl("get", "deployment,role", "-n", "authly-system", "-o", "name") == ""


def test_a_release_can_take_over_definitions_that_were_kept(
    fresh: handle.Cluster, helm: Helm
) -> None:
    where = ("--kubeconfig", str(fresh.place.kubeconfig), "--namespace", "authly-system")
    told = helm.run("upgrade", "--install", RELEASE, str(CHART), *where, "--create-namespace")
    assert "STATUS: deployed" in told
