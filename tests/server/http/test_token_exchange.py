"""T26: tokens of this issuer exchanged for lesser ones, RFC 8693."""

from typing import Any

import pytest
from tests.server.http import exchanging
from tests.server.http.exchanging import (
    ACCESS_TOKEN,
    GRANTS,
    ORDERS,
    STOCK,
    acting,
    claims,
    exchange,
)

from throwaway.instance import Instance, problem
from throwaway.registration import RegisteredClient


@pytest.fixture(scope="module")
def front(instance: Instance) -> RegisteredClient:
    return exchanging.front(instance)


@pytest.fixture(scope="module")
def orders(instance: Instance) -> RegisteredClient:
    return exchanging.orders(instance)


@pytest.fixture(scope="module")
def stranger(instance: Instance) -> RegisteredClient:
    return exchanging.stranger(instance)


@pytest.fixture(scope="module")
def token(instance: Instance, front: RegisteredClient) -> str:
    """A person's token."""
    return str(instance.tokens(front, scope="profile read")["access_token"])


def test_a_client_narrows_its_own_token(
    instance: Instance, front: RegisteredClient, token: str
) -> None:
    answer = exchange(instance, front, token, scope="read", audience=STOCK)
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    told = answer.json()
    assert told["issued_token_type"] == ACCESS_TOKEN
    assert (told["token_type"], told["scope"]) == ("Bearer", "read")
    assert not {"refresh_token", "id_token"} & set(told)
    before, after = claims(token), claims(told["access_token"])
    assert after["sub"] == before["sub"]
    assert (after["aud"], after["client_id"]) == (STOCK, "front")
    assert after["exp"] <= before["exp"]
    assert after["jti"] != before["jti"]
    assert "act" not in after
    assert instance.is_active(told["access_token"], front)


def test_a_service_passes_on_a_token_that_names_it(
    instance: Instance, orders: RegisteredClient, token: str
) -> None:
    told = exchange(instance, orders, token).json()
    after = claims(told["access_token"])
    assert after["sub"] == claims(token)["sub"]
    assert (after["client_id"], after["aud"], after["scope"]) == ("orders", STOCK, "read")
    assert instance.is_active(told["access_token"], orders)


def test_a_service_acts_for_a_person_and_says_so(
    instance: Instance, orders: RegisteredClient, token: str
) -> None:
    told = exchange(instance, orders, token, **acting(instance, orders)).json()
    expected = {"sub": "orders", "client_id": "orders"}
    assert claims(told["access_token"])["act"] == expected
    introspected = instance.post("/introspect", orders, token=told["access_token"]).json()
    assert introspected["act"] == expected


def test_resources_and_audiences_count_together(
    instance: Instance, front: RegisteredClient, token: str
) -> None:
    told = exchange(instance, front, token, resource=STOCK, audience="orders").json()
    assert claims(told["access_token"])["aud"] == [STOCK, "orders"]
    many: dict[str, Any] = {"audience": ["orders", ORDERS], "resource": [ORDERS, STOCK]}
    told = exchange(instance, front, token, **many).json()
    assert claims(told["access_token"])["aud"] == [ORDERS, STOCK, "orders"]


def test_an_exchanged_token_ends_with_the_grant(
    instance: Instance, front: RegisteredClient, orders: RegisteredClient
) -> None:
    issued = instance.tokens(front)
    told = exchange(instance, orders, issued["access_token"]).json()
    assert instance.is_active(told["access_token"], orders)
    instance.post("/revoke", front, token=issued["refresh_token"]).raise_for_status()
    assert not instance.is_active(told["access_token"], orders)
    again = exchange(instance, orders, issued["access_token"])
    assert problem(again) == (400, "invalid_request")


def test_an_exchanged_token_ends_with_the_client_of_the_grant(
    instance: Instance, orders: RegisteredClient
) -> None:
    spec = {"grant_types": GRANTS, "audiences": ["orders", STOCK]}
    brief = instance.apply_client("brief", **spec)
    told = exchange(instance, orders, instance.tokens(brief)["access_token"]).json()
    instance.apply_client("brief", **spec, enabled=False)
    assert not instance.is_active(told["access_token"], orders)


def test_an_exchanged_token_is_no_key_to_the_person(
    instance: Instance, orders: RegisteredClient, token: str
) -> None:
    told = exchange(instance, orders, token).json()
    assert problem(instance.userinfo(told["access_token"])) == (401, "invalid_token")


def test_a_token_never_outlives_the_one_that_it_was_exchanged_for(
    instance: Instance, orders: RegisteredClient
) -> None:
    spec = {"grant_types": GRANTS, "audiences": ["orders", STOCK]}
    short = instance.apply_client("short", access_token_ttl=60, **spec)
    subject = instance.tokens(short)["access_token"]
    told = exchange(instance, orders, subject).json()
    assert told["expires_in"] <= 60
    assert claims(told["access_token"])["exp"] <= claims(subject)["exp"]


def test_a_clients_own_token_can_be_exchanged_too(
    instance: Instance, front: RegisteredClient, orders: RegisteredClient
) -> None:
    own = instance.post("/token", front, grant_type="client_credentials").json()["access_token"]
    told = exchange(instance, orders, own, **acting(instance, orders)).json()
    after = claims(told["access_token"])
    assert (after["sub"], after["act"]["sub"]) == ("front", "orders")
    assert instance.is_active(told["access_token"], orders)


def test_a_chain_of_actors_is_kept_and_ends_somewhere(instance: Instance) -> None:
    names = ["one", "two", "three", "four", "five"]
    spec = {"grant_types": GRANTS, "audiences": [*names, STOCK]}
    services = [instance.apply_client(name, **spec) for name in names]
    token = instance.tokens(services[0])["access_token"]
    for service in services[1:4]:
        answer = exchange(instance, service, token, **acting(instance, service))
        token = answer.raise_for_status().json()["access_token"]
    act = claims(token)["act"]
    assert [act["sub"], act["act"]["sub"], act["act"]["act"]["sub"]] == ["four", "three", "two"]
    assert "act" not in act["act"]["act"]
    assert instance.is_active(token, services[3])
    answer = exchange(instance, services[4], token, **acting(instance, services[4]))
    assert problem(answer) == (400, "invalid_request")
