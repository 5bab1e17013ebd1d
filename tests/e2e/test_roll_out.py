"""Edits of a server that is in use: clients notice nothing but the change itself."""

import logging
from collections.abc import Iterator

import pytest
from tests.e2e import external, installation, kube as kubes, load as loads
from tests.e2e.instance import Instance
from tests.e2e.kube import Object
from tests.e2e.load import Load
from tests.e2e.surroundings import wait_rolled_out

from images import recipes


REPLICAS = 2
IMAGE = "docker.io/authly/server"
VERSION = recipes.recipe("server").tag
log = logging.getLogger(__name__)


@pytest.fixture
def load(instance: Instance) -> Iterator[Load]:
    """Requests for tokens all the time, none of which may fail."""
    with loads.running(instance, loads.for_tokens(instance)) as running:
        yield running
    log.info("%d requests, the slowest took %.2f s", len(running.answers), running.slowest)
    assert running.failed == []


def change(instance: Instance, **spec: object) -> None:
    """Edit the spec and wait until pods of it serve, and no others are left."""
    instance.change(spec)
    wait_rolled_out(instance, REPLICAS)


def images(instance: Instance) -> set[str]:
    return {pod["spec"]["containers"][0]["image"] for pod in instance.pods()}


def readiness_of_clients(instance: Instance) -> list[Object]:
    """The Ready conditions with the times of their last changes."""
    clients = instance.kube.select("authlyclients", instance.namespace)
    return [dict(kubes.condition(each, "Ready")) for each in clients]


def jobs(instance: Instance) -> list[Object]:
    return instance.kube.select("jobs", instance.namespace, "app.kubernetes.io/component=migration")


def test_another_lifetime_rolls_out_without_one_failed_request(
    instance: Instance, load: Load
) -> None:
    before = kubes.uids(instance.pods())
    change(instance, tokens={"accessTokenTTL": "7m"})
    assert not before & kubes.uids(instance.pods())
    assert instance.token()["expires_in"] == 420
    assert len(load.answers) > 50
    assert {each.expires_in for each in load.answers if each.status == 200} == {1800, 420}
    assert load.failed == []


def test_another_image_is_migrated_first_and_rolls_out_without_one_failed_request(
    instance: Instance, next_image: str, load: Load
) -> None:
    made = kubes.names(jobs(instance))
    change(instance, image={"repository": IMAGE, "tag": next_image})
    assert images(instance) == {f"{IMAGE}:{next_image}"}
    (job,) = (each for each in jobs(instance) if each["metadata"]["name"] not in made)
    (finished,) = (each for each in job["status"]["conditions"] if each["type"] == "Complete")
    first_pod = min(pod["metadata"]["creationTimestamp"] for pod in instance.pods())
    assert finished["lastTransitionTime"] <= first_pod
    assert instance.server["status"]["image"] == f"{IMAGE}:{next_image}"
    assert len(load.answers) > 50
    assert load.failed == []


def test_an_image_that_does_not_exist_leaves_the_old_one_serving(
    instance: Instance, load: Load
) -> None:
    before, clients = kubes.uids(instance.pods()), readiness_of_clients(instance)
    instance.change({"image": {"repository": IMAGE, "tag": "0.0.0-missing"}})
    server = instance.kube.wait_for(
        "authlyserver",
        instance.name,
        instance.namespace,
        lambda server: (
            kubes.is_current(server)
            and kubes.condition(server, "Progressing")["reason"] == "ImagePullBackOff"
        ),
    )
    assert "0.0.0-missing" in kubes.condition(server, "Progressing")["message"]
    ready = kubes.condition(server, "Ready")
    assert (ready["status"], ready["reason"]) == ("False", "ImagePullBackOff")
    assert kubes.condition(server, "Available")["status"] == "True"
    assert kubes.uids(instance.pods()) == before
    assert readiness_of_clients(instance) == clients
    change(instance, image={"repository": IMAGE, "tag": installation.NEXT_TAG})
    assert kubes.uids(instance.pods()) == before
    assert load.failed == []


def test_a_failed_migration_leaves_the_old_version_serving_and_is_tried_again_when_mended(
    instance: Instance, load: Load
) -> None:
    """Going back to a version whose schema is lower than the database's, until it is not."""
    before, served = kubes.uids(instance.pods()), instance.server["status"]["image"]
    psql(instance, "INSERT INTO authly.schema_migrations VALUES (9999, 'of_a_later_version')")
    instance.change({"image": None, "version": VERSION})
    failed = instance.kube.wait_for(
        "authlyserver", instance.name, instance.namespace, has_failed_to_migrate
    )
    assert "newer than this program's" in kubes.condition(failed, "Migrated")["message"]
    assert kubes.condition(failed, "Ready")["reason"] == "MigrationFailed"
    assert kubes.condition(failed, "Available")["status"] == "True"
    upgrade = {"from": served, "to": f"{IMAGE}:{VERSION}", "phase": "Stopped"}
    assert failed["status"]["upgrade"] == upgrade
    assert kubes.uids(instance.pods()) == before

    psql(instance, "DELETE FROM authly.schema_migrations WHERE revision = 9999")
    wait_rolled_out(instance, REPLICAS)
    assert images(instance) == {f"{IMAGE}:{VERSION}"}
    assert not before & kubes.uids(instance.pods())
    assert "upgrade" not in instance.server["status"]
    assert load.failed == []


def has_failed_to_migrate(server: Object) -> bool:
    migrated = kubes.condition(server, "Migrated")
    return kubes.is_current(server) and migrated["reason"] == "MigrationFailed"


def psql(instance: Instance, statement: str) -> str:
    pod = f"{instance.name}-database-0"
    return external.psql(instance.kube, instance.namespace, "authly", statement, pod)


def test_an_operator_that_is_replaced_in_the_middle_ends_the_roll_out(
    instance: Instance, load: Load
) -> None:
    before = kubes.uids(instance.pods())
    instance.change({"tokens": {"accessTokenTTL": "9m"}})
    instance.kube.wait_until("a new pod", lambda: bool(kubes.uids(instance.pods()) - before))
    instance.kube.run("delete", "pods", "-n", kubes.SYSTEM, "--all", "--wait=false")
    wait_rolled_out(instance, REPLICAS)
    assert not before & kubes.uids(instance.pods())
    assert instance.token()["expires_in"] == 540
    assert load.failed == []
