"""How many clients a server has: counted in memory, and told of all that changed at once."""

import time

from tests.operator_faults import world as worlds
from tests.operator_faults.kubernetes_api import Object, custom, is_ready
from tests.operator_faults.operators import Operator
from tests.operator_faults.world import World

from authly_operator.main import COUNTING_SECONDS


MANY = 40
GRANTS = ("client_credentials",)


def apply_client(world: World, namespace: str, name: str, *scopes: str) -> None:
    spec = {"serverRef": {"name": "main"}, "grantTypes": [*GRANTS], "scopes": [*scopes]}
    world.api.apply(custom("AuthlyClient", namespace, name, spec))


def counts(server: Object) -> tuple[int, int]:
    told = server["status"]["clients"]
    return told["total"], told["ready"]


def wait_counted(world: World, namespace: str, total: int, ready: int) -> None:
    world.api.wait_for(
        "AuthlyServer", namespace, "main", lambda found: counts(found) == (total, ready)
    )


def writes(operator: Operator) -> list[str]:
    """What was asked of the API server so far that changes something, but for the Lease."""
    asked = [effect for effect in operator.effects if " /api" in effect]
    return [effect for effect in asked if "/leases/" not in effect]


def statuses(operator: Operator) -> int:
    """How often the status of the server was written."""
    return sum("/authlyservers/main/status" in effect for effect in operator.effects)


def test_a_server_without_clients_says_so(world: World, operator: Operator) -> None:
    wait_counted(world, operator.name, 0, 0)


def test_clients_that_come_together_are_told_together(world: World, operator: Operator) -> None:
    before, started = statuses(operator), time.monotonic()
    for number in range(MANY):
        apply_client(world, operator.name, f"client-{number}")
    apply_client(world, operator.name, "refused", "unknown")
    wait_counted(world, operator.name, MANY + 1, MANY)
    seconds = time.monotonic() - started
    assert statuses(operator) - before <= 2 + seconds / (COUNTING_SECONDS / 2)


def test_a_client_that_becomes_ready_or_goes_is_counted(world: World, operator: Operator) -> None:
    apply_client(world, operator.name, "refused")
    wait_counted(world, operator.name, MANY + 1, MANY + 1)
    for number in range(MANY // 2):
        world.api.delete("AuthlyClient", operator.name, f"client-{number}")
    wait_counted(world, operator.name, MANY // 2 + 1, MANY // 2 + 1)


def test_a_server_of_another_operators_namespace_is_never_touched(
    world: World, operator: Operator
) -> None:
    elsewhere = world.namespace("elsewhere")
    world.api.apply(worlds.server(elsewhere))
    reference = {"serverRef": {"name": "main", "namespace": elsewhere}, "grantTypes": [*GRANTS]}
    world.api.apply(custom("AuthlyClient", operator.name, "abroad", reference))
    told = world.api.wait_for("AuthlyClient", operator.name, "abroad", lambda one: "status" in one)
    assert not is_ready(told)
    time.sleep(COUNTING_SECONDS + 2)
    world.api.delete("AuthlyClient", operator.name, "abroad")
    world.api.wait_gone("AuthlyClient", operator.name, "abroad")
    time.sleep(COUNTING_SECONDS + 2)
    assert "status" not in world.api.get("AuthlyServer", elsewhere, "main")
    assert [one for one in operator.effects if f"/{elsewhere}/" in one] == []


def test_an_operator_that_starts_again_tells_nothing_that_was_told(
    world: World, operator: Operator
) -> None:
    operator.end()
    before = world.api.get("AuthlyServer", operator.name, "main")
    written = writes(operator)
    operator.start()
    world.api.wait_for("Lease", operator.name, "authly-operator", is_held)
    time.sleep(2 * COUNTING_SECONDS)  # it has looked at everything, and once more
    assert writes(operator)[len(written) :] == []
    assert world.api.get("AuthlyServer", operator.name, "main") == before
    assert operator.exit_status is None


def is_held(lease: Object) -> bool:
    return bool(lease["spec"].get("holderIdentity"))
