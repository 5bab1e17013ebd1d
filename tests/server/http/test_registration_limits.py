"""C4: how many clients may register, who may, and which of them are forgotten."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import httpx
import psycopg
import pytest
from tests.server.http import newcomers

from authly_server.storage import maintenance
from throwaway import instance as throwaway_instance
from throwaway.instance import Instance, problem
from throwaway.server import ISSUER


INITIAL = "an-initial-access-token-of-the-administrators"


@pytest.fixture(scope="module")
def settings() -> dict[str, str]:
    return {
        "CACHE_TTL": "0",
        "DYNAMIC_REGISTRATION": "open",
        "DYNAMIC_CLIENT_SCOPES": "profile,read",
        "DYNAMIC_REGISTRATIONS_PER_HOUR": "10000",
        "TRUSTED_PROXIES": "127.0.0.1/32",
    }


def age(instance: Instance, registered: dict[str, Any], by: timedelta) -> None:
    change = (
        "UPDATE authly.clients SET created_at = created_at - %(by)s,"
        " last_used_on = (last_used_on - %(by)s::interval)::date WHERE client_id = %(id)s"
    )
    with psycopg.connect(instance.database_url, autocommit=True) as connection:
        connection.execute(change, {"by": by, "id": registered["client_id"]})
        connection.execute(
            "UPDATE authly.grants SET created_at = grants.created_at - %(by)s FROM authly.clients"
            " WHERE clients.id = grants.client_id AND clients.client_id = %(id)s",
            {"by": by, "id": registered["client_id"]},
        )


def test_a_client_that_was_never_used_is_swept_after_an_hour(instance: Instance) -> None:
    fresh, stale = newcomers.register(instance), newcomers.register(instance)
    age(instance, stale, timedelta(minutes=61))
    removed = maintenance.run(instance.database_url)
    assert removed["clients"] >= 1
    assert newcomers.is_known(instance, fresh)
    assert problem(instance.refresh("x", newcomers.client_of(stale))) == (401, "invalid_client")


def test_a_client_in_use_stays_and_a_dead_one_is_swept_after_thirty_days(
    instance: Instance,
) -> None:
    used = newcomers.register(instance)
    client = newcomers.client_of(used)
    tokens = instance.exchange(instance.browser().allow(client)["code"], client).json()
    age(instance, used, timedelta(days=29))
    maintenance.run(instance.database_url)
    assert newcomers.is_known(instance, used)
    # A live refresh token keeps its client, however long it was not used.
    age(instance, used, timedelta(days=2))
    maintenance.run(instance.database_url)
    assert newcomers.is_known(instance, used)
    instance.post("/revoke", client, token=tokens["refresh_token"]).raise_for_status()
    maintenance.run(instance.database_url)
    assert problem(instance.refresh("x", client)) == (401, "invalid_client")


def test_the_operators_clients_are_never_swept(instance: Instance) -> None:
    instance.apply_client("old")
    instance.execute("UPDATE authly.clients SET created_at = '2001-01-01' WHERE client_id = 'old'")
    maintenance.run(instance.database_url)
    assert instance.fetch("SELECT count(*) FROM authly.clients WHERE client_id = 'old'") == 1


@pytest.fixture(scope="module")
def limited(
    module_database_url: str, instance: Instance, settings: dict[str, str]
) -> Iterator[Instance]:
    """A second server of the same database that lets each address register three an hour."""
    few = settings | {"DYNAMIC_REGISTRATIONS_PER_HOUR": "3"}
    with throwaway_instance.running(module_database_url, tls=False, **few) as running:
        yield running


def test_an_address_registers_a_few_in_an_hour_and_all_together_ten_times_that(
    limited: Instance,
) -> None:
    def send(address: str) -> httpx.Response:
        return limited.http.post(
            "/register", json=newcomers.metadata(), headers={"X-Forwarded-For": address}
        )

    # Addresses of one IPv6 network are one.
    statuses = [send(f"2001:db8::{at}").status_code for at in range(1, 5)]
    assert statuses == [201, 201, 201, 429]
    refused = send("2001:db8::1")
    assert problem(refused) == (429, "temporarily_unavailable")
    assert refused.headers["Retry-After"] == "3600"
    statuses = [send(f"192.0.2.{at}").status_code for at in range(1, 40)]
    assert statuses.count(201) == 27
    assert statuses[27:] == [429] * 12


def test_no_more_clients_than_the_limit_are_registered(
    module_database_url: str, instance: Instance, settings: dict[str, str]
) -> None:
    newcomers.register(instance)
    count = instance.fetch("SELECT count(*) FROM authly.clients WHERE origin = 'dynamic'")
    full = settings | {"DYNAMIC_CLIENT_LIMIT": str(count)}
    with throwaway_instance.running(module_database_url, tls=False, **full) as second:
        answer = second.http.post("/register", json=newcomers.metadata())
        assert problem(answer) == (503, "temporarily_unavailable")


def test_with_a_token_only_its_holder_registers(
    module_database_url: str, instance: Instance, settings: dict[str, str]
) -> None:
    token = INITIAL
    closed = settings | {"DYNAMIC_REGISTRATION": "token", "INITIAL_ACCESS_TOKEN": token}
    with throwaway_instance.running(module_database_url, tls=False, **closed) as second:
        for headers in ({}, {"Authorization": "Bearer x"}, {"Authorization": f"Basic {token}"}):
            answer = second.http.post("/register", json=newcomers.metadata(), headers=headers)
            assert problem(answer) == (401, "invalid_token")
            assert answer.headers["WWW-Authenticate"].startswith("Bearer ")
        right = {"Authorization": f"Bearer {token}"}
        answer = second.http.post("/register", json=newcomers.metadata(), headers=right)
        assert answer.status_code == 201
        assert (
            second.http.get("/.well-known/openid-configuration").json()["registration_endpoint"]
            == f"{ISSUER}/register"
        )
        assert token not in second.server.log.read_text()


def test_where_it_is_off_nothing_is_there(
    module_database_url: str, instance: Instance, settings: dict[str, str]
) -> None:
    registered = newcomers.register(instance)
    off = settings | {"DYNAMIC_REGISTRATION": "off"}
    with throwaway_instance.running(module_database_url, tls=False, **off) as second:
        answer = second.http.post("/register", json=newcomers.metadata())
        assert problem(answer) == (404, "invalid_request")
        assert problem(newcomers.manage(second, "GET", registered))[0] == 404
        told_ = second.http.get("/.well-known/oauth-authorization-server").json()
        assert "registration_endpoint" not in told_
        # Whoever registered before goes on.
        assert newcomers.is_known(second, registered)
