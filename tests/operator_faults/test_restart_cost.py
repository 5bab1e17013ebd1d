"""What the API server is asked by an operator that is started again among many clients."""

import contextlib
import re
from collections.abc import Iterator

import httpx
import pytest
from tests.operator_faults import world as worlds
from tests.operator_faults.kubernetes_api import Api, Object, custom, is_ready, wait_until
from tests.operator_faults.operators import Operator
from tests.operator_faults.world import World


CLIENTS = 30
MOST = 3
"""Requests a client after a restart."""
WORKERS = "2"
"""Few, as few clients are: those that are worked at while the lists come are looked at again."""
_ANSWERED = re.compile(
    r'^apiserver_request_total\{(.*resource="(?:authlyclients|secrets)",.*)\} (\S+)$', re.MULTILINE
)
DONE = 'authly_operator_reconciles_total{kind="AuthlyClient",outcome="done"}'
QUEUED = "authly_operator_queue_length"


@pytest.fixture
def operator(world: World) -> Iterator[Operator]:
    """An operator at rest among its clients, which are Ready."""
    namespace = world.namespace("crowd")
    world.database(namespace)
    world.api.apply(worlds.server(namespace))
    started = world.operator(namespace, AUTHLY_WORKERS=WORKERS)
    started.start()
    reference = {"serverRef": {"name": "main"}}
    world.api.apply(custom("AuthlyScope", namespace, "orders", {**reference, "name": "orders"}))
    for number in range(CLIENTS):
        world.api.apply(client(namespace, number))
    for number in range(CLIENTS):
        world.api.wait_for("AuthlyClient", namespace, f"client-{number}", is_ready)
    world.api.wait_for("AuthlyScope", namespace, "orders", is_counted)
    world.api.wait_for("AuthlyServer", namespace, "main", has_told)
    yield started
    started.end()


def client(namespace: str, number: int) -> Object:
    spec = {
        "serverRef": {"name": "main"},
        "grantTypes": ["client_credentials"],
        "scopes": ["orders"],
    }
    return custom("AuthlyClient", namespace, f"client-{number}", spec)


def is_counted(scope: Object) -> bool:
    return (scope.get("status") or {}).get("inUseBy") == CLIENTS


def has_told(server: Object) -> bool:
    told = (server.get("status") or {}).get("clients")
    return bool(told == {"total": CLIENTS, "ready": CLIENTS})


def answered(api: Api) -> float:
    """How many requests about clients and Secrets it has answered, watches left out."""
    told = _ANSWERED.findall(api.http.get("/metrics").text)
    return sum(float(count) for labels, count in told if 'verb="WATCH"' not in labels)


def test_an_operator_that_is_started_again_asks_three_things_of_each_client(
    world: World, operator: Operator
) -> None:
    operator.end()
    before, versions = answered(world.api), written(world, operator)
    assert before > CLIENTS
    operator.start()
    wait_until("all looked at", lambda: looked_at(operator) >= CLIENTS)
    wait_until("rest", lambda: operator.metrics()[QUEUED] == 0)
    assert (answered(world.api) - before) / CLIENTS <= MOST
    assert written(world, operator) == versions


def looked_at(operator: Operator) -> float:
    log = operator.log
    leads = log.exists() and "waiting_for_lease" in log.read_text()
    with contextlib.suppress(httpx.ConnectError):  # the port opens a moment after that is said
        return operator.metrics().get(DONE, 0.0) if leads else 0.0
    return 0.0


def written(world: World, operator: Operator) -> set[tuple[str, str, str]]:
    """The versions of all resources and Secrets: others once anybody writes one."""
    kinds = ("AuthlyServer", "AuthlyScope", "AuthlyClient", "Secret")
    found = [one for kind in kinds for one in world.api.select(kind, operator.name)]
    return {
        (one["kind"], one["metadata"]["name"], one["metadata"]["resourceVersion"]) for one in found
    }
