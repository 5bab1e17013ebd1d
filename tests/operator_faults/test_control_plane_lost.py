"""The API server goes away for a while, and etcd back to an older revision."""

import os
import time
from collections.abc import Callable, Iterator

import pytest
from tests.operator_faults import kubernetes_api, surroundings, world as worlds
from tests.operator_faults.control_planes import ControlPlane
from tests.operator_faults.kubernetes_api import is_ready, wait_until
from tests.operator_faults.operators import Nursery, Operator
from tests.operator_faults.registration import Registration
from tests.operator_faults.world import World

from cluster import handle
from throwaway.postgres import Cluster as Postgres


LONG = 180.0
FLOOD = 400
"""Writes that put resourceVersions far ahead of those that etcd goes back to."""


@pytest.fixture(scope="module")
def plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """A control plane of this module's own: nobody else's tests are broken with it."""
    cluster = handle.Cluster(f"test-lost-{os.getpid()}")
    try:
        cluster.up(control_plane=True)
        cluster.kubectl("apply", "--server-side", "-f", str(surroundings.CRDS))
        cluster.wait_established("crd", "--all")
        yield ControlPlane(cluster, tmp_path_factory.mktemp("etcd") / "data")
    finally:
        cluster.down()


@pytest.fixture(scope="module")
def fragile(
    plane: ControlPlane, nursery: Nursery, postgres: Postgres, migrated_template: str
) -> Iterator[World]:
    kubeconfig = plane.cluster.place.kubeconfig
    with kubernetes_api.connected(kubeconfig) as api:
        made = World(api, nursery, postgres, migrated_template, kubeconfig)
        with worlds.inhabited(made):
            yield made


@pytest.fixture(scope="module")
def operator(fragile: World) -> Iterator[Operator]:
    """An operator whose server is Ready."""
    namespace = fragile.namespace("fragile")
    fragile.database(namespace)
    fragile.api.apply(worlds.server(namespace))
    started = fragile.operator(namespace)
    started.start()
    fragile.api.wait_for("AuthlyServer", namespace, "main", is_ready, LONG)
    yield started
    started.end()


def wait(operator: Operator, what: str, holds: Callable[[], bool]) -> None:
    """Wait, and start the operator again whenever it ends, as the kubelet does."""

    def revived() -> bool:
        if operator.exit_status is not None:
            operator.start()
        return holds()

    log = operator.log
    wait_until(what, revived, LONG, lambda: "\n".join(log.read_text().splitlines()[-12:]))


def register(world: World, operator: Operator, number: int) -> Registration:
    made = Registration(world, operator.name, operator.name, number)
    made.apply_scope()
    made.apply_client()
    wait(operator, f"client {number}", made.client_is_ready)
    return made


def ready(world: World, operator: Operator) -> bool:
    found = world.api.find("AuthlyServer", operator.name, "main")
    return found is not None and is_ready(found)


def children(world: World, namespace: str) -> dict[str, str]:
    return {
        f"{kind}/{child['metadata']['name']}": child["metadata"]["uid"]
        for kind in ("Deployment", "Service", "Secret", "ConfigMap", "Job", "ServiceAccount")
        for child in world.api.select(kind, namespace, "app.kubernetes.io/instance=main")
    }


@pytest.mark.parametrize("seconds", [0.0, 20.0], ids=["for a moment", "for longer than a Lease"])
def test_an_api_server_that_was_killed_costs_nothing_when_it_is_back(
    fragile: World, plane: ControlPlane, operator: Operator, seconds: float
) -> None:
    client = register(fragile, operator, int(seconds))
    before = children(fragile, operator.name)
    secret = fragile.api.secret(operator.name, f"{client.name}-oauth")
    plane.kill("kube-apiserver")
    try:
        assert client.gets_a_token(known=secret), "servers go on without it"
        time.sleep(seconds)
    finally:
        plane.start()
    client.rename()
    wait(operator, "an edit that is heard of", client.client_is_ready)
    wait(operator, "a server that is Ready", lambda: ready(fragile, operator))
    client.check()
    assert client.gets_a_token()
    assert children(fragile, operator.name) == before


def test_etcd_that_went_back_in_time_is_noticed_and_followed(
    fragile: World, plane: ControlPlane, operator: Operator
) -> None:
    kept = register(fragile, operator, 101)
    title, secret = kept.title, kept.secret or fragile.api.secret(operator.name, "each-101-oauth")
    plane.keep()
    wait(operator, "a server that is Ready", lambda: ready(fragile, operator))
    before = children(fragile, operator.name)

    kept.rename()
    wait(operator, "another name", kept.client_is_ready)
    lost = register(fragile, operator, 102)
    fragile.api.apply(worlds.server(operator.name, tokens={"accessTokenTTL": "7m"}))
    wait(operator, "another lifetime", lambda: ready(fragile, operator))
    flood(fragile, operator.name)
    assert kept.row("client", kept.client_id)["display_name"] != title

    plane.restore()
    assert lost.find("AuthlyClient") is None, "it was never made in this history"

    def is_followed() -> bool:
        row = lost.row("client", lost.client_id)
        is_refused = row is None or row["enabled"] is False
        name = kept.row("client", kept.client_id)["display_name"]
        return is_refused and name == title and kept.client_is_ready()

    wait(operator, "what the present history says", is_followed)
    kept.title = title
    kept.check()
    assert kept.gets_a_token()
    assert fragile.api.secret(operator.name, "each-101-oauth") == secret
    wait(operator, "a server that is Ready", lambda: ready(fragile, operator))
    assert children(fragile, operator.name) == before

    kept.rename()
    wait(operator, "an edit that is heard of", kept.client_is_ready)
    kept.check()


def flood(world: World, namespace: str) -> None:
    for number in range(FLOOD):
        labels = {"metadata": {"labels": {"number": str(number)}}}
        world.api.merge("ConfigMap", namespace, "kube-root-ca.crt", labels)
