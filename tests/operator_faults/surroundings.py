"""The fixtures of tests about operators that may die: a control plane, a nursery, a world."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.operator_faults import kubernetes_api, operators, world as worlds
from tests.operator_faults.world import World

from cluster import handle
from throwaway.postgres import Cluster as Postgres


CRDS = Path(__file__).resolve().parents[2] / "crds"
KEPT = os.environ.get("AUTHLY_FAULTS_CLUSTER", "")
"""The name of a control plane to use and to leave up, for those who work on these tests."""


def mark(items: list[pytest.Item], directory: str, part: pytest.MarkDecorator) -> None:
    """What is there needs a kube-apiserver, and has time for many starts of operators."""
    for item in items:
        if str(item.path).startswith(directory):
            item.add_marker(part)
            item.add_marker(pytest.mark.control_plane)
            item.add_marker(pytest.mark.timeout(900))


@pytest.fixture(scope="package")
def control_plane(purpose: str) -> Iterator[handle.Cluster]:
    """A kube-apiserver with its controllers that knows the custom resources.

    Each directory has one of its own by its `purpose`: what the tests of one leave behind when
    their operators are dead, as resources with a finalizer, would bind the definitions of another.
    """
    cluster = handle.Cluster(KEPT or f"test-{purpose}-{os.getpid()}")
    try:
        cluster.up(control_plane=True)
        cluster.kubectl("apply", "--server-side", "-f", str(CRDS))
        cluster.wait_established("crd", "--all")
        yield cluster
    finally:
        if not KEPT:
            cluster.down()


@pytest.fixture(scope="package")
def nursery(tmp_path_factory: pytest.TempPathFactory) -> Iterator[operators.Nursery]:
    with operators.nursery(tmp_path_factory.mktemp("operators")) as made:
        yield made


@pytest.fixture(scope="package")
def world(
    control_plane: handle.Cluster,
    nursery: operators.Nursery,
    postgres: Postgres,
    migrated_template: str,
) -> Iterator[World]:
    """Namespaces, databases and processes; a kubelet that runs them."""
    kubeconfig = control_plane.place.kubeconfig
    with kubernetes_api.connected(kubeconfig) as api:
        made = World(api, nursery, postgres, migrated_template, kubeconfig)
        with worlds.inhabited(made):
            yield made
