"""A database that is stopped, started again, frozen or too busy: who waits, and for how long."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from authly_server.storage import errors, scopes
from authly_server.storage.pool import Database
from throwaway import postgres as throwaway_postgres


Open = Callable[..., Awaitable[Database]]
TRIES = 4
"""A machine that is busy for a moment makes anything late; what is always late is a defect."""


async def in_time(seconds: float, attempt: Callable[[], Awaitable[object]]) -> None:
    """Fail if it always takes longer."""
    taken = []
    for _ in range(TRIES):
        started = time.monotonic()
        await attempt()
        taken.append(time.monotonic() - started)
        if taken[-1] < seconds:
            return
    pytest.fail(f"never within {seconds} s: {taken}")


async def refused(database: Database) -> None:
    with pytest.raises(errors.Unavailable):
        await scopes.find_all(database)


@pytest.fixture
async def opened(own_cluster: throwaway_postgres.Cluster) -> AsyncIterator[Open]:
    """Opens pools of one connection at most, and closes them whatever becomes of the test."""
    async with contextlib.AsyncExitStack() as stack:

        async def open_pool(*, timeout: float, maximum: int = 1) -> Database:  # noqa: ASYNC109
            url = own_cluster.url("authly")
            database = await Database.open(url, minimum=1, maximum=maximum, timeout=timeout)
            stack.push_async_callback(database.close)
            return database

        yield open_pool


@pytest.fixture
async def fragile(opened: Open) -> Database:
    return await opened(timeout=1.5, maximum=4)


async def test_a_stopped_database_is_unavailable_soon_and_comes_back_by_itself(
    own_cluster: throwaway_postgres.Cluster, fragile: Database
) -> None:
    await asyncio.gather(*(scopes.find_all(fragile) for _ in range(4)))
    await asyncio.to_thread(own_cluster.stop)
    for _ in range(3):
        await in_time(2.0, lambda: refused(fragile))
    await asyncio.to_thread(own_cluster.start)
    started = time.monotonic()
    while time.monotonic() - started < 60.0:
        try:
            assert await scopes.find_all(fragile)
            break
        except errors.Unavailable:
            continue
    else:
        pytest.fail("the pool did not recover")


async def test_a_restart_between_two_requests_is_not_even_noticed(
    own_cluster: throwaway_postgres.Cluster, fragile: Database
) -> None:
    await asyncio.gather(*(scopes.find_all(fragile) for _ in range(4)))
    await asyncio.to_thread(own_cluster.stop)
    await asyncio.to_thread(own_cluster.start)
    assert await scopes.find_all(fragile)


async def test_a_pool_opens_while_the_database_is_down(
    own_cluster: throwaway_postgres.Cluster, opened: Open
) -> None:
    await asyncio.to_thread(own_cluster.stop)
    started = time.monotonic()
    database = await opened(timeout=30.0)
    assert time.monotonic() - started < 15.0
    await asyncio.to_thread(own_cluster.start)
    assert await scopes.find_all(database)


async def test_a_frozen_database_is_hung_up_on(
    own_cluster: throwaway_postgres.Cluster, fragile: Database
) -> None:
    await asyncio.gather(*(scopes.find_all(fragile) for _ in range(4)))
    with own_cluster.frozen():
        await in_time(2.0, lambda: refused(fragile))


async def test_a_slow_statement_is_given_up(fragile: Database) -> None:
    async def given_up() -> None:
        with pytest.raises(errors.Unavailable):
            await fragile.fetch_one("SELECT pg_sleep(10)", {})

    await in_time(2.0, given_up)
    assert await scopes.find_all(fragile)


async def test_a_pool_without_a_free_connection_says_so_in_time(opened: Open) -> None:
    database = await opened(timeout=2.0)
    started = time.monotonic()
    attempts = [database.fetch_one("SELECT pg_sleep(1.2)", {}) for _ in range(5)]
    outcomes = await asyncio.gather(*attempts, return_exceptions=True)
    assert time.monotonic() - started < 4.0
    assert sum(isinstance(outcome, errors.Unavailable) for outcome in outcomes) == 4
    assert await scopes.find_all(database)


@pytest.mark.parametrize("url", ["nonsense", "postgresql://a:hunter2@[host/db"])
async def test_a_url_that_cannot_be_read_is_a_value_error_without_the_password(url: str) -> None:
    with pytest.raises(ValueError, match="cannot be read") as raised:
        await Database.open(url, minimum=1, maximum=1, timeout=0.5)
    assert "hunter2" not in str(raised.value)
