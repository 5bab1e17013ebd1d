"""The database goes away under load: quick refusals while it is gone, and nothing is lost."""

import logging
import time

import pytest
from tests.e2e import kube as kubes, load as loads
from tests.e2e.instance import Instance
from tests.e2e.kube import Object
from tests.e2e.load import Answer, Load


REPLICAS = 2
LONGEST_ANSWER = 5.0
"""Seconds. The server gives up after less than two; a busy machine adds to that, and nothing that
waits for a database that is gone would be over by then."""
ANSWERS_IN_A_ROW = 20
PER_SECOND = 5.0
log = logging.getLogger(__name__)


def restarts(instance: Instance) -> dict[str, int]:
    """By pod, how often the kubelet has started its container again."""
    return {
        pod["metadata"]["name"]: pod["status"]["containerStatuses"][0]["restartCount"]
        for pod in instance.pods()
    }


def database_pod(instance: Instance) -> Object:
    """The pod of the StatefulSet as it is now."""
    return instance.kube.get("pod", f"{instance.name}-database-0", instance.namespace)


def wait_recovered(instance: Instance, load: Load) -> None:
    """Wait for tokens again, many in a row."""
    instance.kube.wait_until(
        "tokens again",
        lambda: all(each.status == 200 for each in load.answers[-ANSWERS_IN_A_ROW:]),
        namespace=instance.namespace,
    )


def wait_database(instance: Instance, status: str) -> None:
    instance.kube.wait_for(
        "authlyserver",
        instance.name,
        instance.namespace,
        lambda server: kubes.condition(server, "DatabaseReady")["status"] == status,
    )


def lose_database(instance: Instance, flags: tuple[str, ...], token: str) -> list[Answer]:
    """Delete its pod under load; every answer from then on until all is well again."""
    lost = database_pod(instance)["metadata"]
    questions = loads.for_tokens(instance), loads.for_introspection(instance, token)
    with loads.running(instance, *questions, per_second=PER_SECOND) as load:
        instance.kube.wait_until("tokens", lambda: len(load.answers) >= ANSWERS_IN_A_ROW)
        assert load.failed == []
        deleted = time.monotonic()
        instance.kube.delete("pod", lost["name"], instance.namespace, "--wait=false", *flags)
        wait_database(instance, "False")
        instance.kube.wait_until(
            "another database pod",
            lambda: (
                (found := instance.kube.find("pod", lost["name"], instance.namespace)) is not None
                and found["metadata"]["uid"] != lost["uid"]
            ),
        )
        instance.kube.wait_ready(instance.namespace)
        wait_recovered(instance, load)
    return load.since(deleted)


@pytest.mark.parametrize(
    "flags",
    [
        pytest.param((), id="deleted"),
        pytest.param(("--force", "--grace-period=0"), id="killed"),
    ],
)
def test_a_database_that_is_lost_costs_a_moment_and_nothing_else(
    instance: Instance, flags: tuple[str, ...]
) -> None:
    before, first = restarts(instance), instance.sign_in()
    answers = lose_database(instance, flags, first["access_token"])
    refused = [each for each in answers if each.status != 200]
    log.info(
        "%d of %d requests refused in %.1f s, the slowest answer took %.2f s",
        len(refused),
        len(answers),
        refused[-1].asked + refused[-1].seconds - refused[0].asked,
        max(each.seconds for each in answers),
    )
    assert {(each.status, each.said) for each in refused} == {(503, "temporarily_unavailable")}
    assert all(each.retry_after for each in refused)
    assert max(each.seconds for each in answers) <= LONGEST_ANSWER
    assert restarts(instance) == before
    again = instance.refresh(first["refresh_token"])
    assert instance.introspect(again["access_token"])["active"] is True
    assert instance.sign_in()["refresh_token"]
