"""A server at rest is looked at without listing what is around it; what no event tells is asked."""

import re
import time
from typing import Final

from tests.operator_faults.kubernetes_api import condition, is_ready, opaque, wait_until
from tests.operator_faults.operators import Operator
from tests.operator_faults.world import World


LISTS: Final = re.compile(
    r'^apiserver_request_total\{.*resource="networkpolicies".*verb="LIST".*\} (\S+)$', re.MULTILINE
)
STILL_SECONDS: Final = 12.0
"""Longer than until the next look at a server of which something is awaited."""


def looks(operator: Operator) -> float:
    told = operator.metrics()
    return sum(number for series, number in told.items() if "reconciles_total" in series)


def lists(world: World) -> float:
    return sum(map(float, LISTS.findall(world.api.http.get("/metrics").text)))


def wait_at_rest(operator: Operator) -> float:
    """Wait until nothing is looked at for a while; how many looks there were."""
    last, since = looks(operator), time.monotonic()

    def rests() -> bool:
        nonlocal last, since
        if (now := looks(operator)) != last:
            last, since = now, time.monotonic()
        return time.monotonic() - since > STILL_SECONDS

    wait_until("rest", rests)
    return last


def lists_nothing(world: World, operator: Operator) -> bool:
    before, listed = looks(operator), lists(world)
    wait_until("another look", lambda: looks(operator) > before)
    return lists(world) == listed


def test_a_look_at_a_server_at_rest_lists_nothing(world: World, operator: Operator) -> None:
    wait_at_rest(operator)
    # Others list too: whoever empties the namespaces of tests before. Not at each look, though.
    wait_until("look without a list", lambda: lists_nothing(world, operator))
    assert is_ready(world.api.get("AuthlyServer", operator.name, "main"))


def test_a_child_that_is_deleted_at_rest_is_back(world: World, operator: Operator) -> None:
    wait_at_rest(operator)
    place = ("NetworkPolicy", operator.name, "main")
    gone = world.api.get(*place)["metadata"]["uid"]
    world.api.delete(*place)
    world.api.wait_for(*place, lambda found: found["metadata"]["uid"] != gone)


def test_a_secret_that_changes_at_rest_is_noticed(world: World, operator: Operator) -> None:
    wait_at_rest(operator)
    world.api.apply(opaque(operator.name, "database", url="postgresql://127.0.0.1:1/nowhere"))
    world.api.wait_for(
        "AuthlyServer",
        operator.name,
        "main",
        lambda found: condition(found, "Ready").get("status") != "True",
    )
