"""When a client's secret was used last is known, though no authentication waits for a write."""

import hashlib
import signal
import time
from datetime import datetime

import psycopg
import pytest

from throwaway import instance as throwaway_instance, registration
from throwaway.instance import Instance
from throwaway.registration import RegisteredClient


pytestmark = pytest.mark.timeout(120)
LAST = (
    "SELECT last_used_at FROM authly.client_secrets AS secret JOIN authly.clients AS client"
    " ON client.id = secret.client_id WHERE client.client_id = %s AND position = %s"
)
RETIRED = "the one before".ljust(32, "x")
PATIENCE = 90.0


def last_use(instance: Instance, client: RegisteredClient, position: int = 1) -> datetime | None:
    found: datetime | None = instance.fetch(LAST, client.client_id, position)
    return found


def wait_for_use(instance: Instance, client: RegisteredClient, position: int = 1) -> datetime:
    deadline = time.monotonic() + PATIENCE
    while (found := last_use(instance, client, position)) is None:
        assert time.monotonic() < deadline, "the use was never written"
        time.sleep(0.1)
    return found


def two_secrets(instance: Instance, name: str) -> RegisteredClient:
    """A client in the middle of a rotation."""
    own = f"{name}-secret".ljust(32, "x")
    digests = [hashlib.sha256(text.encode()).hexdigest() for text in (own, RETIRED)]
    return instance.apply_client(name, secret_sha256=digests)


def ask(instance: Instance, client: RegisteredClient, secret: str, path: str = "/token") -> int:
    form = {"grant_type": "client_credentials", "token": "unknown"}
    return instance.http.post(path, auth=(client.client_id, secret), data=form).status_code


def test_the_use_of_each_secret_is_noted_by_the_databases_clock(instance: Instance) -> None:
    client = two_secrets(instance, "turning")
    before = instance.fetch("SELECT now()")
    assert ask(instance, client, RETIRED) == 200
    used = wait_for_use(instance, client, 2)
    assert before <= used <= instance.fetch("SELECT now()")
    assert last_use(instance, client, 1) is None, "the other one is not in use"


@pytest.mark.parametrize("path", ["/introspect", "/revoke", "/par"])
def test_a_secret_is_in_use_wherever_a_client_shows_it(instance: Instance, path: str) -> None:
    client = instance.apply_client(f"at-{path[1:]}")
    ask(instance, client, client.secret, path)
    assert wait_for_use(instance, client) <= instance.fetch("SELECT now()")


def test_a_wrong_secret_is_no_use(instance: Instance) -> None:
    client, other = two_secrets(instance, "guessed"), instance.apply_client("witness")
    assert ask(instance, client, "wrong") == 401
    assert ask(instance, other, other.secret) == 200
    wait_for_use(instance, other)
    assert last_use(instance, client) is last_use(instance, client, 2) is None


def test_a_row_that_is_locked_keeps_nobody_waiting_and_is_noted_later(instance: Instance) -> None:
    client, other = instance.apply_client("locked"), instance.apply_client("free")
    with psycopg.connect(instance.database_url) as writer:
        writer.execute(
            "SELECT FROM authly.client_secrets WHERE client_id ="
            " (SELECT id FROM authly.clients WHERE client_id = 'locked') FOR UPDATE"
        )
        assert ask(instance, client, client.secret) == 200
        assert ask(instance, other, other.secret) == 200
        wait_for_use(instance, other)
        assert last_use(instance, client) is None
    assert wait_for_use(instance, client) <= instance.fetch("SELECT now()")


def test_a_server_that_ends_writes_what_it_noted(database_url: str) -> None:
    with throwaway_instance.running(database_url) as instance:
        client = registration.apply_client(database_url, client_id="late")
        assert ask(instance, client, client.secret) == 200
        instance.server.signal(signal.SIGTERM)
        assert instance.server.join() == 0
        assert last_use(instance, client) is not None


def test_the_last_of_many_uses_is_not_lost(database_url: str) -> None:
    """Written at once is only the first one in a minute."""
    with throwaway_instance.running(database_url) as instance:
        client = registration.apply_client(database_url, client_id="busy")
        assert ask(instance, client, client.secret) == 200
        first = wait_for_use(instance, client)
        between = instance.fetch("SELECT now()")
        assert ask(instance, client, client.secret) == 200
        assert last_use(instance, client) == first
        instance.server.signal(signal.SIGTERM)
        assert instance.server.join() == 0
        last = last_use(instance, client)
        assert last is not None
        assert last >= between
