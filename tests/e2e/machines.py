"""Clients of machines as resources, what is told of them, and whether they are registered."""

from typing import Any

from tests.e2e import external, kube as kubes
from tests.e2e.instance import Instance, resource
from tests.e2e.kube import Kube, Object


HEALED = 90.0
"""Seconds from the end of a cause to the end of what it did."""


def client(instance: Instance, name: str, namespace: str = "", **spec: Any) -> Object:
    """An AuthlyClient of a machine."""
    reference = {"name": instance.name, "namespace": instance.namespace}
    machine = {"serverRef": reference, "grantTypes": ["client_credentials"]}
    return resource("AuthlyClient", name, namespace or instance.namespace, {**machine, **spec})


def ready(kube: Kube, kind: str, name: str, namespace: str) -> tuple[str, str, str]:
    """Ready's status, reason and message, as soon as the present spec was judged."""
    told = kube.wait_for(kind, name, namespace, kubes.is_current, 30)
    found = kubes.condition(told, "Ready")
    return found["status"], found["reason"], found["message"]


def registered(instance: Instance, client_id: str) -> bool:
    """Whether the database knows the client."""
    statement = f"SELECT count(*) FROM authly.clients WHERE client_id = '{client_id}'"  # noqa: S608
    pod = f"{instance.name}-database-0"
    return external.psql(instance.kube, instance.namespace, "authly", statement, pod) != "0"
