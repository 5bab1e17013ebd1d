"""The port of administrators: there where networks are named, in each process, and nowhere else."""

import contextlib
import re
import socket
import time
from collections.abc import Iterator

import httpx
import pytest
from tests.server.http import administering
from tests.server.http.administering import Desk

from throwaway import instance as throwaway_instance, server as throwaway_server
from throwaway.instance import Instance, problem
from throwaway.ports import free_port


COUNT = 2


@contextlib.contextmanager
def opened(database_url: str, **environ: str) -> Iterator[Desk]:
    """An instance of the test's own with a port of administrators."""
    settings = administering.SETTINGS | environ
    with (
        throwaway_instance.running(database_url, tls=False, **settings) as instance,
        httpx.Client(base_url=instance.server.admin_url, timeout=30) as http,
    ):
        yield Desk(instance, http)


def answered(instance: Instance) -> set[str]:
    """The processes that have answered about keys."""
    text = httpx.get(f"{instance.server.management_url}/metrics").text
    series = r'^authly_requests_total\{endpoint="admin_keys".*process="(\d+)".*\} [1-9]'
    return set(re.findall(series, text, re.MULTILINE))


def test_without_networks_nothing_listens(database_url: str) -> None:
    port = free_port()
    settings = {"ADMIN_PORT": str(port)}
    with throwaway_instance.running(database_url, tls=False, **settings) as instance:
        with pytest.raises(httpx.ConnectError):
            httpx.get(f"http://127.0.0.1:{port}/admin/v1/keys")
        told = [each for each in instance.server.records() if "without effect" in each["event"]]
    assert [each["setting"].partition(":")[0] for each in told] == ["ADMIN_PORT"]


def test_every_process_answers_administrators(database_url: str) -> None:
    with opened(database_url, PROCESSES=str(COUNT)) as desk:
        headers = {"Authorization": f"Bearer {desk.token}"}
        deadline = time.monotonic() + 90
        while len(answered(desk.instance)) < COUNT:
            assert time.monotonic() < deadline
            # A connection of its own, which the kernel deals out.
            url = f"{desk.http.base_url}/admin/v1/keys"
            assert httpx.get(url, headers=headers).status_code == 200


def test_it_closes_with_the_server(database_url: str) -> None:
    for processes in ("1", str(COUNT)):
        with opened(database_url, PROCESSES=processes) as desk:
            assert desk.get("/keys").status_code == 200
            assert desk.instance.server.stop() == 0
            with pytest.raises(httpx.ConnectError):
                desk.get("/keys")


def test_a_port_of_administrators_that_is_taken_ends_the_server_with_one_line(
    database_url: str,
) -> None:
    for processes in ("1", str(COUNT)):
        with socket.create_server(("0.0.0.0", 0)) as taken:  # noqa: S104  # where it listens
            port = str(taken.getsockname()[1])
            environ = {"ADMIN_NETWORKS": "127.0.0.0/8", "ADMIN_PORT": port, "PROCESSES": processes}
            server = throwaway_server.create(database_url, tls=False, start=False, **environ)
            with contextlib.closing(server):
                server.start(until="")
                assert server.join() == 1
                (line,) = [each for each in server.log.read_text().splitlines() if "listen" in each]
        assert line.startswith("authly-server serve: cannot listen: ")


def test_administrators_are_below_the_path_of_the_issuer_as_everything_is(
    database_url: str,
) -> None:
    with opened(database_url, ISSUER="https://login.example.com/tenant") as desk:
        form = {"grant_type": "client_credentials", "scope": "admin"}
        answer = desk.instance.post("/tenant/token", desk.console, **form)
        token = answer.raise_for_status().json()["access_token"]
        assert problem(desk.get("/keys", token))[0] == 404
        headers = {"Authorization": f"Bearer {token}"}
        assert desk.http.get("/tenant/admin/v1/keys", headers=headers).status_code == 200


def test_opaque_tokens_are_as_good(database_url: str) -> None:
    with opened(database_url, ACCESS_TOKEN_FORMAT="opaque") as desk:  # a kind
        for token in (desk.token, desk.token_of(desk.console)):
            assert token.startswith("aat_")
            assert desk.get("/keys", token).status_code == 200
        desk.instance.post("/revoke", desk.console, token=token).raise_for_status()
        assert problem(desk.get("/keys", token)) == (401, "invalid_token")


def test_strangers_are_counted_and_administrators_are_not(database_url: str) -> None:
    with opened(
        database_url, RATE_LIMIT_ENABLED="true", RATE_LIMIT_REQUESTS_PER_MINUTE="5"
    ) as desk:
        token = desk.token_of(desk.console)
        statuses = [desk.get("/keys", "a.b.c").status_code for _ in range(9)]
        assert statuses == [401] * 5 + [429] * 4
        assert [desk.get("/keys", token).status_code for _ in range(9)] == [200] * 9


def test_while_the_database_is_away_it_is_not_known_who_may(database_url: str) -> None:
    unreachable = f"postgresql://authly@127.0.0.1:{free_port()}/authly"
    with opened(database_url) as desk:
        token = desk.token_of(desk.console)
        server = desk.instance.server
        server.stop()
        server.environ["DATABASE_URL"] = unreachable
        server.start(until="/health/live")
        answer = desk.get("/keys", token)
        assert problem(answer) == (503, "temporarily_unavailable")
        assert answer.headers["Retry-After"]


def test_what_is_no_http_is_refused_there_as_anywhere(database_url: str) -> None:
    with opened(database_url) as desk:
        port = int(desk.instance.server.environ["ADMIN_PORT"])
        with socket.create_connection(("127.0.0.1", port), 20) as line:
            line.sendall(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n")
            assert line.recv(4096).partition(b" ")[2].startswith(b"400 ")
        assert "Traceback" not in desk.instance.server.log.read_text()
