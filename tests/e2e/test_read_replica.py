"""A replica of the managed database: it streams, comes back when it is lost, and is backed up."""

from typing import Any

import pytest
from tests.e2e import external, jobs, shelf
from tests.e2e.instance import Instance
from tests.e2e.kube import Object, condition


PRIMARY, STANDBY = "main-database-0", "main-standby-0"
CLAIM = f"data-{STANDBY}"
FAMILIES = "SELECT count(*) FROM authly.tokens"
PATIENCE = 300.0


def replicas(server: Object) -> Any:
    return (server.get("status", {}).get("database") or {}).get("replicas")


def wait_streaming(instance: Instance) -> None:
    streaming = [{"name": STANDBY, "streaming": True, "lagBytes": 0, "lagSeconds": 0}]
    instance.kube.wait_for(
        "authlyserver",
        instance.name,
        instance.namespace,
        lambda server: replicas(server) == streaming,
        PATIENCE,
    )


def families(instance: Instance, pod: str) -> int:
    return int(external.psql(instance.kube, instance.namespace, "authly", FAMILIES, pod))


def wait_for_same_families(instance: Instance) -> None:
    wanted = families(instance, PRIMARY)
    instance.kube.wait_until(
        f"{wanted} refresh families in {STANDBY}", lambda: families(instance, STANDBY) == wanted
    )


@pytest.fixture(scope="module")
def replicated(instance: Instance) -> Instance:
    """The instance with a replica that streams."""
    instance.change({"database": {"managed": {"replicas": 1}}})
    wait_streaming(instance)
    instance.kube.wait_ready(instance.namespace, PATIENCE)
    return instance


def test_a_replica_has_what_people_were_given(replicated: Instance) -> None:
    replicated.sign_in()

    wait_for_same_families(replicated)
    told = condition(replicated.server, "OptionalResourcesReady")
    assert told["status"] == "True", told


def test_a_replica_that_lost_its_pod_and_its_volume_is_rebuilt(replicated: Instance) -> None:
    kube, place = replicated.kube, replicated.namespace
    before = kube.get("persistentvolumeclaim", CLAIM, place)["metadata"]["uid"]

    kube.delete("persistentvolumeclaim", CLAIM, place, "--wait=false")
    kube.delete("pod", STANDBY, place)

    kube.wait_for(
        "persistentvolumeclaim",
        CLAIM,
        place,
        lambda claim: claim["metadata"]["uid"] != before,
        PATIENCE,
    )
    kube.wait_for(
        "statefulset",
        "main-standby",
        place,
        lambda found: found["status"].get("readyReplicas") == 1,
        PATIENCE,
    )
    wait_streaming(replicated)
    wait_for_same_families(replicated)
    assert condition(replicated.server, "Ready")["status"] == "True"


def test_a_backup_reads_the_replica(replicated: Instance) -> None:
    kube, place = replicated.kube, replicated.namespace
    kube.apply(shelf.claim(place))
    replicated.change({"backup": {"suspend": True, "destination": shelf.DESTINATION}})
    kube.wait_for("cronjob", "main-backup", place, bool, PATIENCE)

    written = jobs.run_now(replicated, "main-backup")

    (source,) = [line for line in written if line["event"] == "backup_source"]
    assert source["replica"] == f"main-database-read.{place}.svc"
    assert written[-1]["counts"]["tokens"] == families(replicated, PRIMARY)


def test_a_replica_that_nobody_wants_goes_with_its_volume(replicated: Instance) -> None:
    kube, place = replicated.kube, replicated.namespace

    replicated.change({"database": {"managed": {"replicas": 0}}})

    for kind, name in (("statefulset", "main-standby"), ("persistentvolumeclaim", CLAIM)):
        kube.wait_until(
            f"the end of {kind} {name}",
            lambda kind=kind, name=name: kube.find(kind, name, place) is None,  # type: ignore[misc]
            PATIENCE,
        )
    assert kube.find("service", "main-database-read", place) is None
    kube.wait_ready(place, PATIENCE)
    assert replicas(replicated.server) is None
