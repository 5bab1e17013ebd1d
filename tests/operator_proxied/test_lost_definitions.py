"""A definition that is removed takes its resources along, and nothing else; it may come back."""

import pytest
from tests.operator_faults import world as worlds
from tests.operator_faults.kubernetes_api import condition, custom, is_ready
from tests.operator_faults.surroundings import CRDS
from tests.operator_faults.world import World
from tests.operator_proxied.conftest import Installed

from cluster import handle


LONG = 150.0
PLURALS = {"AuthlyScope": "authlyscopes", "AuthlyClient": "authlyclients"}
GRANTS = {"grantTypes": ["client_credentials"]}


def remove(control_plane: handle.Cluster, plural: str) -> None:
    control_plane.kubectl("delete", "crd", f"{plural}.authly.dev", "--timeout=120s")


def bring_back(control_plane: handle.Cluster) -> None:
    """What `helm upgrade` does."""
    control_plane.kubectl("apply", "--server-side", "-f", str(CRDS))
    control_plane.wait_established("crd", "--all")


def registered(world: World, home: str) -> None:
    reference = {"serverRef": {"name": "main"}}
    scope = {**reference, "name": "orders"}
    client = {**reference, **GRANTS, "scopes": ["orders"]}
    world.api.apply(custom("AuthlyScope", home, "shop", scope))
    world.api.apply(custom("AuthlyClient", home, "shop", client))
    for kind in PLURALS:
        world.api.wait_for(kind, home, "shop", is_ready, LONG)


@pytest.mark.parametrize("kind", ["AuthlyClient", "AuthlyScope"])
def test_what_is_defined_again_is_watched_again_and_the_others_were_all_the_time(
    world: World, installed: Installed, control_plane: handle.Cluster, kind: str
) -> None:
    (home,) = installed.watched
    pid = installed.operator.pid
    registered(world, home)
    if kind == "AuthlyScope":  # which stays while a client may ask for it
        world.api.delete("AuthlyClient", home, "shop")
    remove(control_plane, PLURALS[kind])
    try:
        world.api.apply(worlds.server(home, tokens={"accessTokenTTL": "7m"}))
        world.api.wait_for("AuthlyServer", home, "main", is_ready, LONG)
    finally:
        bring_back(control_plane)
    registered(world, home)
    assert (installed.operator.pid, installed.operator.exit_status) == (pid, None)


def test_servers_that_went_with_their_definition_take_up_their_data_when_they_are_back(
    world: World, installed: Installed, control_plane: handle.Cluster
) -> None:
    (home,) = installed.watched
    pid = installed.operator.pid
    registered(world, home)
    kept = {
        name: world.api.secret(home, f"main-{name}") for name in ("credentials", "signing-keys")
    }
    remove(control_plane, "authlyservers")
    bring_back(control_plane)
    world.api.apply(worlds.server(home))
    world.api.wait_for("AuthlyServer", home, "main", is_ready, LONG)
    for name, data in kept.items():
        assert world.api.secret(home, f"main-{name}") == data
    for registered_kind in PLURALS:
        world.api.wait_for(registered_kind, home, "shop", is_ready, LONG)
    found = world.api.get("AuthlyServer", home, "main")
    assert condition(found, "EndpointReady")["status"] == "True"
    assert (installed.operator.pid, installed.operator.exit_status) == (pid, None)
