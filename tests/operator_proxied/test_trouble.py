"""Whatever happens between the operator and its API server, it goes on and tells the truth.

Each case is a whole life of a scope and a client, and a child that somebody deletes, while every
so many requests meet one kind of trouble; the operator is the same process before and after.
"""

import itertools
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest
from tests.operator_faults.kubernetes_api import Object, is_ready, wait_until
from tests.operator_faults.registration import Registration
from tests.operator_faults.world import World
from tests.operator_proxied import proxy as proxies
from tests.operator_proxied.calls import Call
from tests.operator_proxied.conftest import Installed
from tests.operator_proxied.proxy import Answer, Delay, Ending, Paged, Reset, Trouble


LONG = 150.0
"""Seconds: the longest back-off that one spell of trouble leads to, and more."""
_numbers = itertools.count(1)


@dataclass
class Every:
    """Trouble for every so many calls that fit."""

    number: int
    trouble: Trouble
    fits: Callable[[Call], bool] = lambda _: True
    _count: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self, call: Call) -> Trouble:
        if not self.fits(call):
            return None
        with self._lock:
            return self.trouble if next(self._count) % self.number == 0 else None


def is_list(call: Call) -> bool:
    return call.verb == "list" and bool(call.resource)


def is_watch(call: Call) -> bool:
    return call.is_watch


CASES: dict[str, Every] = {
    "429 that says when": Every(3, Answer(429, "TooManyRequests", retry_after=1)),
    "429 that does not": Every(40, Answer(429, "TooManyRequests")),
    "500": Every(40, Answer(500, "InternalError")),
    "503": Every(40, Answer(503, "ServiceUnavailable")),
    "504 that says when": Every(5, Answer(504, "Timeout", retry_after=1)),
    "connections that break": Every(40, Reset()),
    "answers that are lost": Every(5, Reset(done=True), lambda call: call.method != "GET"),
    "slow answers": Every(2, Delay(0.7), lambda call: not call.is_watch),
    "watches that are gone": Every(2, Ending(410, "Expired"), is_watch),
    "watches that fail": Every(2, Ending(500, "InternalError"), is_watch),
    "watches that are refused": Every(2, Answer(410, "Expired"), is_watch),
    "conflicts": Every(3, Answer(409, "Conflict"), lambda call: call.verb in {"patch", "update"}),
    "lists that expired": Every(1, Paged(1), is_list),
}


@pytest.fixture
def life(world: World, installed: Installed) -> Iterator[Registration]:
    """A scope and a client that nobody made yet."""
    (home,) = installed.watched
    yield Registration(world, home, home, next(_numbers))
    installed.proxy.trouble = proxies.none


def children(world: World, home: str) -> dict[str, str]:
    """The uid of each child, by kind and name; a second one of a kind shows."""
    return {
        f"{kind}/{child['metadata']['name']}": child["metadata"]["uid"]
        for kind in ("Deployment", "Service", "Secret", "Job", "NetworkPolicy", "ServiceAccount")
        for child in world.api.select(kind, home, "app.kubernetes.io/instance=main")
    }


def wait(life: Registration, installed: Installed, what: str, holds: Callable[[], bool]) -> None:
    """Wait, and see to it that nothing untrue is told meanwhile."""

    def is_over() -> bool:
        life.check()
        assert installed.operator.exit_status is None
        return holds()

    log = installed.operator.log
    wait_until(what, is_over, LONG, lambda: "\n".join(log.read_text().splitlines()[-12:]))


@pytest.mark.parametrize("name", CASES)
def test_a_whole_life_comes_to_its_end_in_spite_of(
    world: World, installed: Installed, life: Registration, name: str
) -> None:
    (home,) = installed.watched
    before, secret = children(world, home), world.api.secret(home, "main-credentials")
    met = sum(installed.proxy.counts.values())
    installed.proxy.trouble = CASES[name]
    installed.proxy.hang_up()

    life.apply_scope()
    life.apply_client()
    wait(life, installed, "a client", life.client_is_ready)
    life.rename()
    wait(life, installed, "another name", life.client_is_ready)
    config = world.api.get("ConfigMap", home, "main-config")
    world.api.delete("ConfigMap", home, "main-config")
    wait(life, installed, "a child that is back", lambda: is_back(world, config))
    life.delete_client()
    wait(life, installed, "the end of the client", life.client_is_gone)
    life.delete_scope()
    wait(life, installed, "the end of the scope", life.scope_is_gone)

    installed.proxy.trouble = proxies.none
    world.api.wait_for("AuthlyServer", home, "main", is_ready, LONG)
    assert sum(installed.proxy.counts.values()) > met
    assert children(world, home) == before
    assert world.api.secret(home, "main-credentials") == secret


def is_back(world: World, config: Object) -> bool:
    metadata = config["metadata"]
    found = world.api.find("ConfigMap", metadata["namespace"], metadata["name"])
    return found is not None and found["data"] == config["data"]


def test_watches_that_went_silent_are_noticed(
    world: World, installed: Installed, life: Registration
) -> None:
    """A client is looked at every five minutes anyway: its edit is heard of long before."""
    life.apply_scope()
    life.apply_client()
    wait(life, installed, "a client", life.client_is_ready)
    installed.proxy.mute()
    life.rename()
    wait_until("a look at the edit", life.client_is_ready, LONG)
    life.check()


def test_what_the_api_server_answers_is_counted_by_its_reason(installed: Installed) -> None:
    installed.proxy.trouble = Every(
        1, Answer(500, "InternalError"), lambda call: call.verb == "list"
    )
    series = 'authly_operator_reconcile_errors_total{kind="AuthlyServer",reason="InternalError"}'
    try:
        wait_until("an error", lambda: installed.operator.metrics().get(series, 0) >= 1, LONG)
    finally:
        installed.proxy.trouble = proxies.none
