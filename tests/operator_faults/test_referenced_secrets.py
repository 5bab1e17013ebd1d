"""A Secret of somebody else that a client refers to: an edit is pushed by whoever hears of it."""

import time
from collections.abc import Iterator
from urllib.parse import urlsplit

import httpx
import pytest
from tests.operator_faults import world as worlds
from tests.operator_faults.kubernetes_api import condition, custom, is_ready, opaque
from tests.operator_faults.operators import Operator
from tests.operator_faults.world import World


CLIENT = {
    "serverRef": {"name": "main"},
    "grantTypes": ["client_credentials"],
    "auth": {"secret": {"source": "Existing", "ref": {"name": "given", "key": "password"}}},
}
SECONDS = 15
"""Far below the minute after which every client with a reference is looked at."""


@pytest.fixture
def operator(world: World) -> Iterator[Operator]:
    namespace = world.namespace("refer")
    world.database(namespace)
    world.api.apply(worlds.server(namespace))
    started = world.operator(namespace)
    started.start()
    yield started
    started.end()


def test_an_edit_of_a_referenced_secret_is_pushed_within_seconds(
    world: World, operator: Operator
) -> None:
    api, place = world.api, ("AuthlyClient", operator.name, "shop")
    api.apply(custom("AuthlyClient", operator.name, "shop", CLIENT))
    api.wait_for(*place, lambda found: condition(found, "Ready").get("reason") == "SecretNotFound")
    api.apply(opaque(operator.name, "given", password="one of one's own"))
    first = api.wait_for(*place, is_ready)
    edited = time.monotonic()
    api.apply(opaque(operator.name, "given", password="another one"))
    verified = first["status"]["verified"]
    api.wait_for(*place, lambda found: is_ready(found) and found["status"]["verified"] != verified)
    assert time.monotonic() - edited < SECONDS
    assert api.secret(operator.name, "shop-oauth")["client_secret"] == "another one"
    assert answers(world, operator, "another one") == 200
    assert answers(world, operator, "one of one's own") == 200, "it has its overlap"


def answers(world: World, operator: Operator, secret: str) -> int:
    """The token endpoint's status to a secret."""
    url = f"{world.servers[operator.name].base_url}/token"
    return httpx.post(
        url,
        auth=(f"{operator.name}.shop", secret),
        data={"grant_type": "client_credentials"},
        headers={"Host": urlsplit(worlds.ISSUER).netloc},
    ).status_code
