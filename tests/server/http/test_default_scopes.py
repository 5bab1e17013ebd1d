"""DEFAULT_SCOPES: what a client gets that asks for nothing, beside what says so itself."""

import pytest
from tests.server.http import devices

from throwaway import registration
from throwaway.browser import asking
from throwaway.instance import Instance
from throwaway.registration import RegisteredClient


NAMES = ("openid", "orders:read", "vault", "later")


@pytest.fixture(scope="module")
def settings() -> dict[str, str]:
    return {"CACHE_TTL": "0", "DEFAULT_SCOPES": ",".join(NAMES)}


@pytest.fixture(scope="module", autouse=True)
def scopes(instance: Instance) -> None:
    registration.apply_scope(instance.database_url, "orders:read")
    registration.apply_scope(instance.database_url, "vault", is_sensitive=True)


@pytest.fixture(scope="module")
def client(instance: Instance) -> RegisteredClient:
    """One that may have all that is registered."""
    return instance.apply_client("orders", scopes=["openid", "read", "orders:read", "write"])


def test_they_are_given_beside_those_that_say_so_themselves(
    instance: Instance, client: RegisteredClient
) -> None:
    assert instance.tokens(client, scope=None)["scope"] == "openid orders:read read"


def test_a_client_gets_those_alone_that_it_may_have(instance: Instance) -> None:
    few = instance.apply_client("few", scopes=["orders:read", "write"])
    assert instance.tokens(few, scope=None)["scope"] == "orders:read"


def test_who_asks_for_something_gets_that(instance: Instance, client: RegisteredClient) -> None:
    assert instance.tokens(client, scope="write")["scope"] == "write"


def test_who_may_have_none_of_them_has_to_ask(instance: Instance) -> None:
    writer = instance.apply_client("writer", scopes=["write"])
    assert instance.person.allow(writer, scope=None)["error"] == "invalid_scope"


def test_what_is_asked_for_each_time_is_given_to_nobody_who_did_not_ask(
    instance: Instance,
) -> None:
    keeper = instance.apply_client("keeper", scopes=["vault", "read"])
    assert instance.tokens(keeper, scope=None)["scope"] == "read"


def test_a_request_that_was_pushed_has_them(instance: Instance, client: RegisteredClient) -> None:
    pushed = instance.post("/par", client, **asking(client, scope=None)).raise_for_status()
    answer = instance.person.allow(client, request_uri=pushed.json()["request_uri"])
    assert instance.exchange(answer["code"], client).json()["scope"] == "openid orders:read read"


def test_a_device_has_them(instance: Instance) -> None:
    tv = devices.register(instance, scopes=["orders:read", "write"])
    answer = instance.post("/device_authorization", tv).raise_for_status().json()
    devices.decide(instance.person, answer["user_code"], "allow")
    assert devices.poll(instance, tv, answer["device_code"]).json()["scope"] == "orders:read"


def test_what_is_registered_later_is_given_from_then_on_and_missed_in_one_line(
    instance: Instance,
) -> None:
    early = instance.apply_client("early", scopes=["read", "write"])
    for _ in range(2):
        assert instance.tokens(early, scope=None)["scope"] == "read"
    told = [one for one in instance.server.records() if one["event"].startswith("default scope")]
    assert sorted(one["scope"] for one in told) == ["later", "vault"]
    registration.apply_scope(instance.database_url, "later")
    late = instance.apply_client("late", scopes=["read", "later"])
    assert instance.tokens(late, scope=None)["scope"] == "later read"


def test_a_default_that_no_key_can_sign_for_is_refused_and_not_half_given(
    instance: Instance,
) -> None:
    strict = instance.apply_client(
        "strict", scopes=["openid", "read"], id_token_signed_response_alg="EdDSA"
    )
    assert instance.person.allow(strict, scope=None)["error"] == "unauthorized_client"
