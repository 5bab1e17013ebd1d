"""SIGTERM: not ready any more, whatever was begun is finished, and nothing is lost."""

import asyncio
import signal
import threading
from collections.abc import Iterator

import httpx
import psycopg
import pytest

from throwaway import instance as throwaway_instance
from throwaway.browser import VERIFIER
from throwaway.instance import Instance


@pytest.fixture
def instance(database_url: str) -> Iterator[Instance]:
    """A server of the test's own, for it is stopped."""
    with throwaway_instance.running(database_url, DATABASE_TIMEOUT_SECONDS="20") as running:
        yield running


async def test_a_stop_under_load_loses_no_request(instance: Instance) -> None:
    form = {"grant_type": "client_credentials"}
    statuses: list[int] = []
    is_ready, is_busy = True, asyncio.Event()

    async def work(http: httpx.AsyncClient) -> None:
        while is_ready:  # as a load balancer sends requests
            answer = await http.post("/token", data=form, auth=instance.shop.basic)
            statuses.append(answer.status_code)
            if len(statuses) == 50:
                is_busy.set()

    async def probe(http: httpx.AsyncClient) -> None:
        nonlocal is_ready
        while (await http.get("/health/ready")).status_code == 200:
            pass
        await asyncio.sleep(0.5)  # what takes a load balancer its time
        is_ready = False

    async with httpx.AsyncClient(base_url=instance.server.base_url, timeout=30) as http:
        tasks = [asyncio.create_task(work(http)) for _ in range(8)]
        tasks.append(asyncio.create_task(probe(http)))
        await is_busy.wait()
        before = len(statuses)
        instance.server.signal(signal.SIGTERM)
        await asyncio.gather(*tasks)
    assert set(statuses) == {200}
    assert len(statuses) > before
    assert await asyncio.to_thread(instance.server.join) == 0


def test_a_request_that_takes_longer_than_the_drain_is_still_answered(instance: Instance) -> None:
    code = instance.code()
    answers: list[httpx.Response] = []
    request = threading.Thread(target=lambda: answers.append(instance.exchange(code)))
    with psycopg.connect(instance.database_url) as other:
        other.execute("LOCK TABLE authly.authorization_codes")
        request.start()
        blocked = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
        while not instance.fetch(blocked):
            pass
        instance.server.signal(signal.SIGTERM)
        _wait_until_closed(instance)
        assert not answers
    request.join(timeout=30)
    assert [answer.status_code for answer in answers] == [200]
    assert instance.server.join() == 0


def _wait_until_closed(instance: Instance) -> None:
    while True:
        try:
            httpx.get(f"{instance.server.base_url}/health/live")
        except httpx.ConnectError:
            return


def test_while_it_drains_it_answers_and_asks_everybody_to_leave(instance: Instance) -> None:
    assert "Connection" not in instance.http.get("/health/ready").headers
    instance.server.signal(signal.SIGTERM)
    instance.server.wait("/health/ready", status=503)
    answer = instance.http.get("/jwks")
    assert answer.status_code == 200
    assert answer.headers["Connection"] == "close"
    assert instance.http.get("/health/live").status_code == 200
    assert instance.server.join() == 0
    events = [record["event"] for record in instance.server.records()]
    assert events[-1] == "stopped"


def test_a_client_that_hangs_up_does_not_lose_the_code_half_way(instance: Instance) -> None:
    """What was consumed is issued, too; a replay is recognised as one."""
    code = instance.code()
    with psycopg.connect(instance.database_url) as other:
        other.execute("LOCK TABLE authly.authorization_codes")
        with pytest.raises(httpx.ReadTimeout):
            httpx.post(
                f"{instance.server.base_url}/token",
                data={
                    "grant_type": "authorization_code",
                    "code": code,
                    "code_verifier": VERIFIER,
                },
                auth=instance.shop.basic,
                timeout=0.5,
            )
    issued = "SELECT count(*) FROM authly.tokens WHERE token_type = 'refresh'"
    while not instance.fetch(issued):
        pass
    assert instance.exchange(code).status_code == 400
