"""Clients and scopes as resources, for the tests of what comes of them."""

from typing import Any

from tests.e2e.instance import resource
from tests.e2e.kube import Object


SOON = 20.0
"""Seconds until an edit is what the token endpoint goes by."""
MACHINE = {"grantTypes": ["client_credentials"], "scopes": ["orders:read"]}


def client(name: str, spec: dict[str, Any], place: str, server: str = "main") -> Object:
    """An AuthlyClient."""
    return resource("AuthlyClient", name, place, {"serverRef": {"name": server}, **spec})


def scope(name: str, place: str, server: str = "main", **spec: object) -> Object:
    """An AuthlyScope."""
    given = {"serverRef": {"name": server}, "name": name, **spec}
    return resource("AuthlyScope", name.replace(":", "-"), place, given)
