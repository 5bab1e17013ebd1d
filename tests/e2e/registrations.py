"""Clients and scopes as resources, and what the token endpoint answers to those clients."""

from typing import Any

from tests.e2e.instance import Application, Instance, resource
from tests.e2e.kube import Object


SOON = 90.0
"""Seconds until an edit is what the token endpoint goes by."""
MACHINE = {"grantTypes": ["client_credentials"], "scopes": ["orders:read"]}


def client(name: str, spec: dict[str, Any], place: str, server: str = "main") -> Object:
    """An AuthlyClient."""
    return resource("AuthlyClient", name, place, {"serverRef": {"name": server}, **spec})


def scope(name: str, place: str, server: str = "main", **spec: object) -> Object:
    """An AuthlyScope."""
    given = {"serverRef": {"name": server}, "name": name, **spec}
    return resource("AuthlyScope", name.replace(":", "-"), place, given)


def asked(instance: Instance, client: Application, **form: str) -> tuple[int, Object]:
    """Status and answer of the token endpoint, client_credentials by default."""
    answer = instance.post("/token", client, **({"grant_type": "client_credentials"} | form))
    told: Object = answer.json()
    return answer.status_code, told


def answers(
    instance: Instance,
    client: Application,
    expected: tuple[int, str],
    /,
    within: float = SOON,
    **form: str,
) -> None:
    """Wait until the token endpoint answers so: a status, and the scope or the error."""

    def as_expected() -> bool:
        status, told = asked(instance, client, **form)
        return (status, told.get("error", told.get("scope", ""))) == expected

    what = f"{expected} for {client.client_id}"
    instance.kube.wait_until(what, as_expected, within, namespace=instance.namespace)
