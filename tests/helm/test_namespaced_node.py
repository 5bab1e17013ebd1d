"""The operator of two namespaces, confined and in two replicas, on a real node with real images."""

import os
from collections.abc import Iterator

import pytest

from demo import installation, place as places, program
from demo.place import Place


pytestmark = [pytest.mark.node, pytest.mark.timeout(900)]

NAMESPACES = ("authly-system", "authly", "shop")


@pytest.fixture(scope="module")
def place() -> Iterator[Place]:
    name = f"test-namespaced-{os.getpid()}"
    found = places.start_embedded(name)
    try:
        installation.load_images(found)
        for namespace in NAMESPACES:
            found.run("create", "namespace", namespace)
            confined = "pod-security.kubernetes.io/enforce=restricted"
            found.run("label", "namespace", namespace, confined)
        _install(found)
        yield found
    finally:
        if found.embedded is not None:
            found.embedded.down()


def _install(place: Place) -> None:
    release = (installation.RELEASE, str(installation.CHART), "--namespace", "authly-system")
    values = ("--set", "watch.namespaces={authly,shop}", "--set", "replicas=2")
    program.run([*place.helm, "install", *release, *values])
    kinds = (f"crd/authly{kind}.authly.dev" for kind in ("servers", "scopes", "clients"))
    place.run("wait", "--for=condition=Established", *kinds, "--timeout=60s")
    place.run("apply", "-f", str(installation.EXAMPLE))


def log(place: Place) -> str:
    return place.run("logs", "-n", "authly-system", "-l", "app.kubernetes.io/name=authly-operator")


def holder(place: Place) -> str:
    lease = place.json("get", "lease", "-n", "authly-system", "authly-operator")
    return str(lease["spec"]["holderIdentity"]).rpartition("_")[0]


def test_rights_in_two_namespaces_are_enough_for_a_whole_server(place: Place) -> None:
    ready = ("wait", "--for=condition=Ready", "--timeout=180s")
    place.run(*ready, "-n", "authly", "authlyserver/main")
    place.run(*ready, "-n", "shop", "authlyclient", "--all")
    assert "orbidden" not in log(place)


def test_the_second_replica_takes_over_and_works(place: Place) -> None:
    place.run("rollout", "status", "-n", "authly-system", "deployment/authly-operator")
    former = holder(place)
    place.run("delete", "pod", "-n", "authly-system", former)
    place.run("scale", "-n", "authly", "authlyserver/main", "--replicas=2")
    two = ("--for=jsonpath={.status.readyReplicas}=2", "--timeout=120s")
    place.run("wait", "-n", "authly", "authlyserver/main", *two)
    assert holder(place) != former


def test_everything_goes_when_its_namespaces_go_first(place: Place) -> None:
    place.run("delete", "-f", str(installation.EXAMPLE), "--timeout=120s")
    left = place.run("get", "authlyservers,authlyscopes,authlyclients", "-A", "-o", "name")
    assert left == ""
