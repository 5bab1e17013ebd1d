"""Clients and scopes that came before their server, and those whose server went before them."""

from collections.abc import Iterator
from functools import partial

import pytest
from tests.e2e import external, installation, kube as kubes
from tests.e2e.instance import resource
from tests.e2e.kube import Kube, Object
from tests.e2e.registrations import MACHINE, SOON, client, scope


GOING = 90.0
"""Seconds within which a namespace is gone."""
LATE, GONE = "late-server", "lost-database"


def server(place: str) -> list[Object]:
    """An AuthlyServer that serves nobody yet, on a database elsewhere, and the Secret for it."""
    spec = {
        "issuer": f"https://{place}.example",
        "replicas": 0,
        "database": {"external": {"secretRef": {"name": "url", "key": "url"}}},
    }
    url = external.url(place, "postgres")
    return [external.secret(place, "url", url=url), resource("AuthlyServer", "main", place, spec)]


@pytest.fixture
def namespaces(kube: Kube) -> Iterator[tuple[str, str]]:
    """Two namespaces, each with a PostgreSQL and a client and a scope that have no server yet."""
    places = (LATE, GONE)
    try:
        for place in places:
            kube.apply(
                {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": place}},
                *external.manifests(place),
                scope("orders:read", place),
                client("web", {**MACHINE, "deletionPolicy": "Disable"}, place),
            )
        for place in places:
            external.wait_until_ready(kube, place)
        yield places
    finally:
        installation.clear(kube, *places)


def registered(kube: Kube, place: str) -> bool:
    """Whether the scope and the client of a namespace are in the database."""
    found = kube.select("authlyscopes,authlyclients", place)
    return len(found) == 2 and all(
        kubes.condition(each, "Synced")["status"] == "True" for each in found
    )


def test_what_came_before_its_server_is_registered_and_never_hangs_at_its_end(
    kube: Kube, namespaces: tuple[str, str]
) -> None:
    for place in namespaces:
        for kind, name in (("authlyscope", "orders-read"), ("authlyclient", "web")):
            told = kube.wait_for(kind, name, place, kubes.is_current, SOON)
            assert kubes.condition(told, "Ready")["reason"] == "ServerNotFound"
    kube.apply(*(each for place in namespaces for each in server(place)))
    for place in namespaces:
        kube.wait_until(f"{place} to be registered", partial(registered, kube, place))

    # The database goes first, then everything at once.
    kube.delete("pod", external.NAME, GONE)
    kube.run("delete", "namespace", GONE, "--wait=false")

    # The server goes first; the others when nobody is left who would be asked.
    kube.delete("authlyserver", "main", LATE)
    for kind, name in (("authlyclient", "web"), ("authlyscope", "orders-read")):
        kube.run("delete", kind, name, "-n", LATE, f"--timeout={SOON:.0f}s")

    for place in namespaces:
        kube.run("delete", "namespace", place, "--ignore-not-found", f"--timeout={GOING:.0f}s")
    found = kube.run("get", "namespace", "-o", "name").split()
    assert not {f"namespace/{place}" for place in namespaces} & {*found}
