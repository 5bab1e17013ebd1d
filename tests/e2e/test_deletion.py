"""What stays and what goes with a server, and a server that nobody is to touch for a while."""

import json
from collections.abc import Iterator

import pytest
from tests.e2e import kube as kubes
from tests.e2e.instance import Instance, manifests
from tests.e2e.kube import Object


SOON = 90.0
EVERYTHING = "deploy,rs,sts,svc,secret,cm,sa,netpol,pdb,cronjob,job,pod,ingress,endpointslice"
CHOSEN = "app.kubernetes.io/instance=main"
KEPT = {
    ("PersistentVolumeClaim", "data-main-database-0"),
    ("Secret", "main-credentials"),
    ("Secret", "main-signing-keys"),
    ("Secret", "machine-oauth"),
    ("Secret", "web-oauth"),
}
"""The clients were not deleted, so their Secrets are not either."""


def remains(instance: Instance) -> set[tuple[str, str]]:
    """What there is of the server, by kind and name; claims bear the database's labels only."""
    found = instance.kube.select(f"{EVERYTHING},pvc", instance.namespace, CHOSEN)
    return {(each["kind"], each["metadata"]["name"]) for each in found}


def delete_server(instance: Instance) -> None:
    """Delete the AuthlyServer and wait until what it owned is gone, pods last."""
    kube, place = instance.kube, instance.namespace
    kube.delete("authlyserver", instance.name, place)
    pods = f"pods of {place}"
    kube.wait_until(pods, lambda: not kube.select("pods", place, CHOSEN), namespace=place)


def server(instance: Instance) -> Object:
    """The AuthlyServer as it was created."""
    return next(each for each in manifests(instance, 1) if each["kind"] == "AuthlyServer")


@pytest.fixture(scope="module")
def tokens(instance: Instance) -> Object:
    """What a person was given before anything was deleted."""
    return instance.sign_in()


def test_a_paused_server_is_left_alone_and_catches_up_afterwards(
    instance: Instance, tokens: Object
) -> None:
    kube, place = instance.kube, instance.namespace
    instance.change({"paused": True})
    told = kube.wait_for("authlyserver", "main", place, kubes.is_ready, SOON)
    assert kubes.condition(told, "Paused")["status"] == "True"

    instance.change({"logging": {"level": "Debug"}})
    kube.delete("networkpolicy", "main", place)
    kube.patch("service", "main", place, {"metadata": {"labels": {"touched": "yes"}}})
    told = kube.wait_for("authlyserver", "main", place, kubes.is_ready, SOON)
    assert kubes.condition(told, "Ready")["reason"] == "Paused"
    assert kube.find("networkpolicy", "main", place) is None
    assert kube.get("configmap", "main-config", place)["data"]["LOG_LEVEL"] == "info"
    assert instance.token()["access_token"]

    instance.change({"paused": False})
    kube.wait_for("networkpolicy", "main", place, bool, SOON)
    assert kube.get("configmap", "main-config", place)["data"]["LOG_LEVEL"] == "debug"
    kube.wait_for("authlyserver", "main", place, kubes.is_ready)


@pytest.fixture
def untouched(instance: Instance) -> Iterator[Instance]:
    """The server, its scope and its clients with the annotation that keeps the operator away."""
    kinds = ("authlyserver/main", "authlyclient/web", "authlyscope/orders-read")
    kube, place = instance.kube, instance.namespace
    kube.run("annotate", *kinds, "-n", place, "authly.dev/reconcile=disabled")
    try:
        yield instance
    finally:
        kube.run("annotate", *kinds, "-n", place, "authly.dev/reconcile-")


def test_an_annotation_keeps_the_operator_s_hands_off(untouched: Instance) -> None:
    kube, place = untouched.kube, untouched.namespace
    versions = ("authlyserver/main", "secret/web-oauth", "configmap/main-config")

    def state() -> list[str]:
        return [
            json.loads(kube.run("get", each, "-n", place, "-o", "json"))["metadata"][
                "resourceVersion"
            ]
            for each in versions
        ]

    untouched.change({"replicas": 2})
    kube.patch("configmap", "main-config", place, {"data": {"LOG_LEVEL": "error"}})
    kube.patch("secret", "web-oauth", place, {"data": {"client_secret": "d3Jvbmc="}})
    before = state()
    # Whatever the operator does to others meanwhile, it has heard of these edits before.
    kube.delete("secret", "machine-oauth", place)
    kube.wait_for("secret", "machine-oauth", place, bool, SOON)
    kube.wait_for("authlyclient", "machine", place, kubes.is_ready, SOON)
    assert state() == before
    assert kube.get("deployment", "main", place)["spec"]["replicas"] == 1


def test_afterwards_it_catches_up(instance: Instance) -> None:
    kube, place = instance.kube, instance.namespace

    def caught_up(deployment: Object) -> bool:
        return bool(deployment["spec"]["replicas"] == 2)

    kube.wait_for("deployment", "main", place, caught_up, SOON)
    assert kube.get("configmap", "main-config", place)["data"]["LOG_LEVEL"] == "debug"
    instance.change({"replicas": 1, "logging": None})
    kube.wait_ready(place)
    assert instance.sign_in()["access_token"]


def test_the_data_outlives_a_server_that_retains_it(instance: Instance, tokens: Object) -> None:
    delete_server(instance)
    instance.kube.wait_until(
        "all but the data to go",
        lambda: remains(instance) == KEPT,
        namespace=instance.namespace,
    )
    for kind in ("authlyclient", "authlyscope"):
        for each in instance.kube.select(kind, instance.namespace):
            instance.kube.wait_for(
                kind, each["metadata"]["name"], instance.namespace, knows_no_server, SOON
            )


def knows_no_server(resource: Object) -> bool:
    """Whether it says that its server is gone."""
    return bool(kubes.condition(resource, "Ready")["reason"] == "ServerNotFound")


def test_a_server_of_the_same_name_takes_it_up_as_it_was(
    instance: Instance, tokens: Object
) -> None:
    instance.kube.apply(server(instance))
    instance.kube.wait_ready(instance.namespace)
    assert instance.introspect(tokens["access_token"])["active"] is True
    assert instance.refresh(tokens["refresh_token"])["access_token"]
    assert instance.sign_in()["access_token"]  # the person and her consent
    assert instance.token()["access_token"]


def test_nothing_outlives_a_server_that_deletes_its_data(instance: Instance) -> None:
    kube, place = instance.kube, instance.namespace
    instance.change({"deletionPolicy": "Delete"})

    def owned(secret: Object) -> bool:
        return bool(secret["metadata"].get("ownerReferences"))

    for name in ("main-credentials", "main-signing-keys"):
        kube.wait_for("secret", name, place, owned, SOON)
    kube.wait_for(
        "statefulset",
        "main-database",
        place,
        lambda each: (
            each["spec"]["persistentVolumeClaimRetentionPolicy"]["whenDeleted"] == "Delete"
        ),
        SOON,
    )
    kube.run("delete", "authlyclient,authlyscope", "--all", "-n", place, f"--timeout={SOON:.0f}s")
    delete_server(instance)
    kube.wait_until("everything to go", lambda: remains(instance) == set(), namespace=place)
