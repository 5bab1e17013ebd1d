"""The chart grants the operator what it uses, and nothing else: proven by what it asks for.

The operator is the real one, its token and the rules of the chart are judged by a real
kube-apiserver, and a proxy between the two notes every call of a whole life.
"""

from collections.abc import Iterable, Iterator

import pytest
from tests.operator_faults.kubernetes_api import wait_until
from tests.operator_faults.world import World
from tests.operator_proxied.calls import Call
from tests.operator_proxied.conftest import Install, Installed
from tests.operator_proxied.deeds import DEEDS, END
from tests.operator_proxied.stage import Deed, Stage

from cluster import handle
from throwaway import optional_crds


NEVER_ASKED_FOR = {
    ("update", "authlyservers.authly.dev/finalizers"): "asked about, where the admission plug-in"
    " OwnerReferencesPermissionEnforcement is on, when a child is written",
    ("update", "authlyclients.authly.dev/finalizers"): "the same, for the Secret of a client",
    ("update", "authlybackups.authly.dev/finalizers"): "the same, for the Job of a backup",
    ("patch", "authlyservers.authly.dev"): "a restore shows it; what releases a server with the"
    " policy BackupThenDelete, whose namespace and Role went first, is shown by nothing yet",
    ("update", "authlyrestores.authly.dev/finalizers"): "the same, for the Job of a restore",
}
"""Grants that no request of the operator's own shows, and why they are there."""


@pytest.fixture(scope="module", autouse=True)
def optional_kinds(control_plane: handle.Cluster) -> Iterator[None]:
    """The cluster knows every optional kind."""
    files = [f"--filename={path}" for path in optional_crds.paths().values()]
    control_plane.kubectl("apply", "--server-side", *files)
    control_plane.wait_established(*files)
    yield
    control_plane.kubectl("delete", *files)


def live(stage: Stage, installed: Installed, deeds: Iterable[Deed]) -> None:
    """Every deed, one after the other."""
    for deed in deeds:
        deed.act(stage)
        wait_until(
            deed.title,
            lambda deed=deed: deed.is_over(stage),  # type: ignore[misc]
            seen=lambda: "\n".join(installed.operator.log.read_text().splitlines()[-12:]),
        )


def names(calls: Iterable[Call]) -> list[str]:
    return sorted({f"{call.verb} {call.what} in {call.namespace}" for call in calls})


def without_use(stage: Stage, installed: Installed) -> list[str]:
    """The grants that nobody made use of in a whole life, and that no table explains."""
    installed.operator.start()
    live(stage, installed, DEEDS)
    assert names(installed.proxy.forbidden) == []
    unused = installed.unused()
    installed.lose_rights_in(stage.apps)
    live(stage, installed, END)
    others = {one for one in installed.proxy.forbidden if one.namespace != stage.apps}
    assert names(others) == [], "in a namespace that goes nothing new can be made"
    return sorted(
        f"{grant.verb} {grant.what} in {grant.namespace or 'the whole cluster'}"
        for grant in unused & installed.unused()
        if (grant.verb, grant.what) not in NEVER_ASKED_FOR
    )


@pytest.fixture
def stage(world: World) -> Stage:
    return Stage(world, *(world.namespace(name) for name in ("home", "apps", "elsewhere")))


def test_an_operator_of_the_whole_cluster_has_the_rights_that_it_uses_and_no_others(
    stage: Stage, install: Install
) -> None:
    installed = install()
    assert without_use(stage, installed) == []


def test_an_operator_of_some_namespaces_has_the_rights_that_it_uses_and_no_others(
    stage: Stage, install: Install
) -> None:
    installed = install(stage.home, stage.apps)
    assert without_use(stage, installed) == []
