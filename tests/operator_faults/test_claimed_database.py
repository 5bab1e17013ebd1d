"""Two AuthlyServers that are given one database: the second is refused, and says by whom."""

from collections.abc import Iterator

import psycopg
import pytest
from tests.operator_faults import world as worlds
from tests.operator_faults.kubernetes_api import Object, condition, is_ready, opaque
from tests.operator_faults.operators import Operator
from tests.operator_faults.world import World


TAKE = "authly.dev/take-database-from"
CLAIM = "SELECT owner FROM authly.instance_claim"


@pytest.fixture
def operators(world: World) -> Iterator[list[Operator]]:
    """Two of them, as if of two clusters: each of a namespace of its own."""
    made = [world.operator(world.namespace("claim")) for _ in range(2)]
    with worlds.shared(world):
        for each in made:
            each.start()
        yield made
        for each in made:
            each.end()
            world.api.delete("AuthlyServer", each.name, "main")
        for each in made:  # or its pods would look for a process of their own
            world.api.wait_gone("Deployment", each.name, "main")


def is_claimed(server: Object) -> bool:
    return condition(server, "DatabaseReady").get("reason") == "DatabaseClaimed"


def claim(url: str) -> str:
    with psycopg.connect(url) as connection:
        return str((connection.execute(CLAIM).fetchone() or ("nobody",))[0])


def test_a_database_of_another_server_is_left_alone_until_somebody_says_otherwise(
    world: World, operators: list[Operator]
) -> None:
    first, second = (each.name for each in operators)
    url = world.database(first)
    world.api.apply(worlds.server(first))
    world.api.wait_for("AuthlyServer", first, "main", is_ready)
    assert claim(url) == f"{first}/main"
    before = world.api.secret(first, "main-credentials")["OPERATOR_DATABASE_URL"]

    world.api.apply(opaque(second, "database", url=url))
    world.api.apply(worlds.server(second))
    refused = world.api.wait_for("AuthlyServer", second, "main", is_claimed)
    told = condition(refused, "DatabaseReady")["message"]
    assert f"belongs to AuthlyServer {first}/main" in told
    assert f"{TAKE}={first}/main" in told
    assert condition(refused, "Ready")["status"] == "False"
    for kind in ("Job", "Deployment", "Service", "Secret"):
        names = {one["metadata"]["name"] for one in world.api.select(kind, second)}
        assert names <= {"database"}
    psycopg.connect(before).close()
    assert is_ready(world.api.get("AuthlyServer", first, "main"))

    world.kubelet.hopeless.add(first)
    taken = {"metadata": {"annotations": {TAKE: f"{first}/main"}}}
    world.api.merge("AuthlyServer", second, "main", taken)
    world.api.wait_for("AuthlyServer", second, "main", is_ready)
    assert claim(url) == f"{second}/main"
    lost = world.api.wait_for("AuthlyServer", first, "main", lambda one: not is_ready(one), 90)
    assert condition(lost, "DatabaseReady")["status"] == "False"
