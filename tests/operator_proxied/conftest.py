"""The world of the fault tests, the chart's rights in it, and a proxy before its API server."""

import contextlib
import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.helm.conftest import Helm, helm
from tests.operator_faults import surroundings, world as worlds
from tests.operator_faults.kubernetes_api import is_ready
from tests.operator_faults.operators import Operator
from tests.operator_faults.surroundings import control_plane, nursery, world
from tests.operator_faults.world import World
from tests.operator_proxied import proxy as proxies, rights
from tests.operator_proxied.proxy import Proxy

from cluster import handle


__all__ = ["control_plane", "helm", "nursery", "world"]
RELEASE = "authly-operator"
WANTED = rights.KINDS | {
    "ServiceAccount",
    "ValidatingAdmissionPolicy",
    "ValidatingAdmissionPolicyBinding",
}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = os.path.dirname(__file__)  # noqa: PTH120 - compared as text
    surroundings.mark(items, here, pytest.mark.faults)


@pytest.fixture(scope="package")
def purpose() -> str:
    """What the control plane here is for."""
    return "proxied"


@dataclass(frozen=True)
class Installed:
    """A release's rights, and an operator that has no others and reaches its API server by a proxy.

    Its settings are those that the chart's Deployment has.
    """

    namespace: str
    watched: tuple[str, ...]
    documents: list[dict[str, Any]]
    proxy: Proxy
    operator: Operator

    def unused(self) -> set[rights.Grant]:
        """Grants that no call so far made use of."""
        calls = set(self.proxy.calls)  # more come in meanwhile
        return rights.unused(rights.granted(self.documents, RELEASE), calls)

    def lose_rights_in(self, namespace: str) -> None:
        """Count anew, and not on the Role of that namespace."""
        self.documents[:] = [
            one for one in self.documents if one["metadata"].get("namespace") != namespace
        ]
        self.proxy.calls.clear()


Install = Callable[..., Installed]


@contextlib.contextmanager
def installing(
    world: World, helm: Helm, control_plane: handle.Cluster, directory: Path
) -> Iterator[Install]:
    """Install the chart's rights for all namespaces, or for those that are named; until the end."""
    with contextlib.ExitStack() as stack:

        def make(*watched: str) -> Installed:
            namespace = world.namespace("system")
            documents = _rendered(helm, namespace, watched)
            path = directory / f"{namespace}.json"
            path.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": documents}))
            control_plane.kubectl("apply", "--server-side", "-f", str(path))
            stack.callback(control_plane.kubectl, "delete", "--ignore-not-found", "-f", str(path))
            place = ("-n", namespace)
            token = control_plane.kubectl("create", "token", RELEASE, *place, "--duration=4h")
            proxy = stack.enter_context(proxies.running(world.kubeconfig))
            kubeconfig = proxy.kubeconfig(directory / f"{namespace}.kubeconfig", token.strip())
            settings = {
                "AUTHLY_NAMESPACES": ",".join(watched),
                "AUTHLY_OPERATOR_NAMESPACE": namespace,
                "AUTHLY_LEASE_NAME": RELEASE,
            }
            operator = Operator(world.api, world.nursery, namespace, kubeconfig, settings)
            stack.callback(operator.end)
            return Installed(namespace, watched, documents, proxy, operator)

        yield make


@pytest.fixture
def install(
    world: World, helm: Helm, control_plane: handle.Cluster, tmp_path: Path
) -> Iterator[Install]:
    with installing(world, helm, control_plane, tmp_path) as made:
        yield made


@pytest.fixture(scope="module")
def installed(
    world: World,
    helm: Helm,
    control_plane: handle.Cluster,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Installed]:
    """An operator of one namespace with a server that is Ready, for all tests of a module."""
    namespace = world.namespace("home")
    with installing(world, helm, control_plane, tmp_path_factory.mktemp("install")) as make:
        made = make(namespace)
        world.database(namespace)
        world.api.apply(worlds.server(namespace))
        made.operator.start()
        world.api.wait_for("AuthlyServer", namespace, "main", is_ready)
        yield made


def _rendered(helm: Helm, namespace: str, watched: tuple[str, ...]) -> list[dict[str, Any]]:
    """The release's rights and its account, and the policies that narrow them."""
    names = f"watch.namespaces={{{','.join(watched)}}}"
    chosen = ("--set", names) if watched else ()
    own = ("--set", "rbac.aggregateClusterRoles=false")
    rendered = helm.render(*chosen, *own, release=RELEASE, namespace=namespace)
    return [one for one in rendered if one["kind"] in WANTED]
