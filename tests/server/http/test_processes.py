"""PROCESSES: several processes that serve as one, and a parent that sees to it."""

import asyncio
import contextlib
import os
import re
import signal
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from throwaway import instance as throwaway_instance, server as throwaway_server
from throwaway.instance import Instance


COUNT = 3


@pytest.fixture
def instance(database_url: str) -> Iterator[Instance]:
    """A server of the test's own, whose processes are ended."""
    with throwaway_instance.running(database_url, tls=False, PROCESSES=str(COUNT)) as running:
        until(lambda: len(served(running)) == COUNT)
        yield running


def until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 90
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def served(instance: Instance) -> list[int]:
    return [each["process"] for each in instance.server.records() if each["event"] == "serving"]


def children(instance: Instance) -> list[int]:
    parent = instance.server.process_id
    return [
        int(each) for each in Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
    ]


def ask(instance: Instance) -> int:
    """A token, by a connection of its own."""
    with httpx.Client(base_url=instance.server.base_url) as http:
        form = {"grant_type": "client_credentials"}
        return http.post("/token", data=form, auth=instance.shop.basic).status_code


def issued(instance: Instance) -> dict[str, float]:
    """How many tokens each process has issued."""
    text = httpx.get(f"{instance.server.management_url}/metrics").text
    found = re.findall(
        r'^authly_tokens_issued_total\{.*process="(\d+)"\} ([0-9.e+]+)$', text, re.MULTILINE
    )
    return {number: float(value) for number, value in found}


def test_every_process_serves_and_one_port_tells_what_all_have_done(instance: Instance) -> None:
    assert sorted(served(instance)) == list(range(COUNT))
    assert len(children(instance)) == COUNT
    asked = 0
    while len(issued(instance)) < COUNT:
        assert ask(instance) == 200
        asked += 1
    assert sum(issued(instance).values()) == asked


def test_what_one_process_issues_every_other_knows(instance: Instance) -> None:
    tokens = instance.tokens()
    for _ in range(10):
        with httpx.Client(base_url=instance.server.base_url) as http:
            form = {"token": tokens["access_token"]}
            told = http.post("/introspect", data=form, auth=instance.shop.basic).json()
        assert told["active"] is True


def test_a_process_that_dies_is_started_again_and_what_waits_at_its_door_is_answered(
    instance: Instance,
) -> None:
    victim = children(instance)[0]
    os.kill(victim, signal.SIGKILL)
    # Each has a connection of its own, and some lead to the door of the one that is dead.
    assert [ask(instance) for _ in range(60)] == [200] * 60
    until(lambda: len(children(instance)) == COUNT)
    assert victim not in children(instance)
    (told,) = [each for each in instance.server.records() if "has died" in each["event"]]
    assert told["exit_code"] == -signal.SIGKILL
    until(lambda: len(served(instance)) == COUNT + 1)
    assert instance.server.stop() == 0


def test_metrics_are_told_although_one_process_is_silent(instance: Instance) -> None:
    while len(issued(instance)) < COUNT:
        ask(instance)
    silent = children(instance)[0]
    os.kill(silent, signal.SIGSTOP)
    try:
        assert len(issued(instance)) == COUNT - 1
    finally:
        os.kill(silent, signal.SIGCONT)
    until(lambda: len(issued(instance)) == COUNT)


async def test_a_stop_under_load_loses_no_request(instance: Instance) -> None:
    statuses: list[int] = []
    is_ready, is_busy = True, asyncio.Event()

    async def work() -> None:
        form = {"grant_type": "client_credentials"}
        async with httpx.AsyncClient(base_url=instance.server.base_url, timeout=30) as http:
            while is_ready:  # as a load balancer sends requests
                answer = await http.post("/token", data=form, auth=instance.shop.basic)
                statuses.append(answer.status_code)
                if len(statuses) == 50:
                    is_busy.set()

    async def probe() -> None:
        nonlocal is_ready
        async with httpx.AsyncClient(base_url=instance.server.base_url, timeout=30) as http:
            while (await http.get("/health/ready")).status_code == 200:
                pass
        await asyncio.sleep(0.5)  # what takes a load balancer its time
        is_ready = False

    tasks = [asyncio.create_task(work()) for _ in range(8)]
    tasks.append(asyncio.create_task(probe()))
    await is_busy.wait()
    before = len(statuses)
    instance.server.signal(signal.SIGTERM)
    await asyncio.gather(*tasks)
    assert set(statuses) == {200}
    assert len(statuses) > before
    assert await asyncio.to_thread(instance.server.join) == 0


def test_after_a_stop_nobody_listens_and_nobody_is_left(instance: Instance) -> None:
    processes = children(instance)
    assert instance.server.stop() == 0
    assert not any(Path(f"/proc/{each}").exists() for each in processes)
    with pytest.raises(httpx.ConnectError):
        ask(instance)
    events = [each["event"] for each in instance.server.records()]
    assert events.count("stopped") == COUNT


def test_no_process_outlives_its_parent(instance: Instance) -> None:
    processes = children(instance)
    instance.server.kill()
    until(lambda: not any(Path(f"/proc/{each}").exists() for each in processes))


def test_wrong_settings_end_all_of_them_with_one_line() -> None:
    broken = "postgresql://a:canary@[::1"
    server = throwaway_server.create(broken, start=False, PROCESSES=str(COUNT))
    with contextlib.closing(server):
        server.start(until="")
        assert server.join() == 2
        lines = [line for line in server.log.read_text().splitlines() if "DATABASE_URL" in line]
    assert len(lines) == 1


def test_a_port_that_is_taken_ends_them_with_one_line(database_url: str) -> None:
    with socket.create_server(("0.0.0.0", 0)) as taken:  # noqa: S104  # where the server listens
        environ = {"PORT": str(taken.getsockname()[1]), "PROCESSES": str(COUNT)}
        server = throwaway_server.create(database_url, tls=False, start=False, **environ)
        with contextlib.closing(server):
            server.start(until="")
            assert server.join() == 1
            (line,) = server.log.read_text().splitlines()
    assert line.startswith("authly-server serve: cannot listen: ")


def test_one_process_has_no_parent_and_no_such_label(database_url: str) -> None:
    with throwaway_instance.running(database_url, tls=False) as instance:
        assert children(instance) == []
        assert ask(instance) == 200
        assert instance.metric("authly_tokens_issued_total", grant_type="client_credentials") == 1
