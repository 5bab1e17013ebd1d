"""Rights that are taken away: said by name, survived, and taken up again when they are back."""

import contextlib
from collections.abc import Iterator
from typing import Any

import pytest
from tests.operator_faults import world as worlds
from tests.operator_faults.kubernetes_api import (
    Object,
    condition,
    custom,
    is_ready,
    told,
    wait_until,
)
from tests.operator_faults.operators import Operator
from tests.operator_faults.world import World
from tests.operator_proxied.conftest import RELEASE, Installed


LONG = 150.0
LOST_LEADERSHIP = 1
LIFETIMES = iter(f"{minutes}m" for minutes in range(6, 60))


def role(namespace: str, name: str) -> str:
    return f"/apis/rbac.authorization.k8s.io/v1/namespaces/{namespace}/roles/{name}"


@contextlib.contextmanager
def without(world: World, namespace: str, verb: str, resource: str, name: str) -> Iterator[None]:
    """A Role without one verb of one resource while the block runs."""
    before = told(world.api.http.get(role(namespace, name)))
    metadata = {"name": name, "namespace": namespace}
    write(world, {**before, "metadata": metadata, "rules": narrowed(before, verb, resource)})
    try:
        yield
    finally:
        write(world, {**before, "metadata": metadata})


def narrowed(before: Object, verb: str, resource: str) -> list[Any]:
    """The rules, each about one resource, without that verb."""
    rules = [
        {**rule, "resources": [one], "verbs": [*rule["verbs"]]}
        for rule in before["rules"]
        for one in rule["resources"]
    ]
    lost = [rule for rule in rules if rule["resources"] == [resource] and verb in rule["verbs"]]
    assert lost, f"nobody may {verb} {resource} anyway"
    for rule in lost:
        rule["verbs"].remove(verb)
    return [rule for rule in rules if rule["verbs"]]


def write(world: World, document: Object) -> None:
    metadata = document["metadata"]
    told(world.api.http.put(role(metadata["namespace"], metadata["name"]), json=document))


def edit(world: World, home: str) -> str:
    lifetime = next(LIFETIMES)
    world.api.apply(worlds.server(home, tokens={"accessTokenTTL": lifetime}))
    return lifetime


def logged(operator: Operator, *texts: str) -> bool:
    """Whether one record of the log has all of these."""
    lines = (" ".join(map(str, record.values())) for record in operator.records())
    return any(all(text in line for text in texts) for line in lines)


def status_of(operator: Operator) -> int | None:
    return operator.exit_status


def refusal(verb: str, resource: str) -> str:
    return f'cannot {verb} resource "{resource}"'


@pytest.mark.parametrize(
    ("verb", "resource"), [("list", "secrets"), ("list", "pods"), ("patch", "deployments")]
)
def test_a_right_that_lacks_is_named_in_ready_until_it_is_back(
    world: World, installed: Installed, verb: str, resource: str
) -> None:
    (home,) = installed.watched
    pid = installed.operator.pid
    before = world.api.secret(home, "main-credentials")
    with without(world, home, verb, resource, RELEASE):
        edit(world, home)

        def says_so(found: Object) -> bool:
            ready = condition(found)
            return ready["status"] != "True" and refusal(verb, resource) in ready["message"]

        told_so = world.api.wait_for("AuthlyServer", home, "main", says_so)
        reason = condition(told_so)["reason"]
        assert reason == ("Forbidden" if verb == "list" else "ApplyFailed")
        assert condition(told_so, "EndpointReady")["status"] == "True", "it still serves"
    world.api.wait_for("AuthlyServer", home, "main", is_ready, LONG)
    assert world.api.secret(home, "main-credentials") == before
    assert (installed.operator.pid, installed.operator.exit_status) == (pid, None)


@pytest.mark.parametrize(
    ("verb", "resource"),
    [("patch", "authlyservers/status"), ("create", "events")],
)
def test_a_right_without_which_nothing_can_be_told_is_named_in_the_log(
    world: World, installed: Installed, verb: str, resource: str
) -> None:
    (home,) = installed.watched
    with without(world, home, verb, resource, RELEASE):
        rotated = {"metadata": {"annotations": {"authly.dev/restart-at": next(LIFETIMES)}}}
        world.api.merge("AuthlyServer", home, "main", rotated)
        edit(world, home)
        wait_until(
            "a word in the log",
            lambda: logged(installed.operator, refusal(verb, resource)),
            LONG,
        )
        assert installed.operator.exit_status is None
    world.api.wait_for("AuthlyServer", home, "main", is_ready, LONG)


@pytest.mark.parametrize("verb", ["list", "watch"])
def test_a_kind_that_may_not_be_watched_stops_no_other_and_is_heard_of_when_it_may(
    world: World, installed: Installed, verb: str
) -> None:
    (home,) = installed.watched
    operator = installed.operator
    with without(world, home, verb, "authlyscopes", RELEASE):
        operator.end()
        operator.start()
        edit(world, home)
        world.api.wait_for("AuthlyServer", home, "main", is_ready, LONG)
        pid = operator.pid
        named = ("watching_ended", refusal(verb, "authlyscopes"))
        wait_until("a new beginning", lambda: logged(operator, *named), LONG)
        scope = {"serverRef": {"name": "main"}, "name": f"orders-{verb}"}
        world.api.apply(custom("AuthlyScope", home, f"orders-{verb}", scope))
    world.api.wait_for("AuthlyScope", home, f"orders-{verb}", is_ready, LONG)
    assert (operator.pid, operator.exit_status) == (pid, None)


def test_a_leader_that_may_not_renew_its_lease_stands_back_until_it_may(
    world: World, installed: Installed
) -> None:
    operator, place = installed.operator, installed.namespace
    with without(world, place, "update", "leases", f"{RELEASE}-lease"):
        wait_until("the end of the leader", lambda: operator.exit_status is not None, LONG)
        assert operator.exit_status == LOST_LEADERSHIP
        assert logged(operator, "stopped_leading")
        operator.start()
        wait_until(
            "a candidate's complaint",
            lambda: logged(operator, "lease_not_written", refusal("update", "leases")),
            LONG,
        )
        assert status_of(operator) is None
    (home,) = installed.watched
    edit(world, home)
    world.api.wait_for("AuthlyServer", home, "main", is_ready, LONG)
