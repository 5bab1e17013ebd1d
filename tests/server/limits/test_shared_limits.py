"""Limits in Redis: the same arithmetic, and what happens when Redis does not answer."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Iterator

import pytest

from authly_server.limits import shared
from authly_server.limits.limiter import Limiter
from authly_server.limits.memory import Memory
from authly_server.limits.rate import SECOND, Bucket, Rate
from authly_server.limits.shared import TIMEOUT, Shared
from authly_server.limits.store import Lost
from throwaway import redis as throwaway_redis
from throwaway.redis import Redis


RATE = Rate.every(60, 4)


@pytest.fixture(scope="module")
def module_redis() -> Iterator[Redis]:
    with contextlib.closing(throwaway_redis.create()) as running:
        yield running


@pytest.fixture
def redis(module_redis: Redis) -> Redis:
    module_redis.ask("FLUSHALL")
    return module_redis


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy machine lets Redis wait for longer than a request would."""
    monkeypatch.setattr(shared, "TIMEOUT", 30.0)


@contextlib.asynccontextmanager
async def opened(redis: Redis, told: list[bool] | None = None) -> AsyncIterator[Shared]:
    store = Shared(redis.url, prefix="test:", on_change=(told if told is not None else []).append)
    task = asyncio.create_task(store.run())
    await until(store, is_answering=True)
    yield store
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


async def until(store: Shared, *, is_answering: bool) -> None:
    async with asyncio.timeout(90):
        while store.is_answering is not is_answering:  # noqa: ASYNC110  # it has no event for all
            await asyncio.sleep(0.01)


async def seconds(limiter: Limiter, bucket: Bucket) -> float:
    """How long it takes to take one that is there."""
    started = time.monotonic()
    assert await limiter.take([bucket]) is None
    return time.monotonic() - started


async def taken(store: Shared | Limiter, *buckets: Bucket) -> int:
    for count in range(100):
        if await store.take(buckets):
            return count
    return 100


async def test_two_replicas_share_one_bucket(redis: Redis) -> None:
    async with opened(redis) as one, opened(redis) as other:
        for store in (one, other, one, other):
            assert await store.take([Bucket("a", RATE)]) is None
        refusals = [await store.take([Bucket("a", RATE)]) for store in (one, other)]
    for refusal in refusals:
        assert refusal is not None
        assert 55 * SECOND < refusal.microseconds <= 60 * SECOND


async def test_it_counts_as_memory_does(redis: Redis) -> None:
    small, large = Bucket("small", Rate.every(60, 2)), Bucket("large", Rate.every(60, 5))
    async with opened(redis) as store:
        assert await taken(store, large, small) == 2
        refusal = await store.take([large, small])
        assert refusal is not None
        assert refusal.bucket == small
        assert await taken(store, large) == 3
        await store.give_back([small, large])
        assert await taken(store, small, large) == 1
        await store.forget([small])
        assert await taken(store, small) == 2


async def test_at_once_no_more_are_admitted_than_one_after_the_other(redis: Redis) -> None:
    async with opened(redis) as one, opened(redis) as other:
        asked = [store.take([Bucket("a", RATE)]) for store in (one, other) for _ in range(150)]
        answers = await asyncio.gather(*asked)
    assert answers.count(None) == RATE.burst


async def test_a_bucket_fills_by_the_clock_of_redis_and_its_key_goes(redis: Redis) -> None:
    quick = Bucket("quick", Rate(SECOND, 2))
    async with opened(redis) as store:
        assert await taken(store, quick) >= 2
        refusal = await store.take([quick])
        assert refusal is not None
        await asyncio.sleep(refusal.microseconds / SECOND)
        assert await store.take([quick]) is None
        async with asyncio.timeout(90):
            while redis.ask("EXISTS", "test:quick") != ":0\r\n":  # noqa: ASYNC110  # of Redis
                await asyncio.sleep(0.05)


async def test_what_is_full_again_leaves_no_key(redis: Redis) -> None:
    async with opened(redis) as store:
        await store.take([Bucket("a", RATE)])
        await store.give_back([Bucket("a", RATE)])
    assert redis.ask("DBSIZE") == ":0\r\n"


async def test_a_frozen_redis_costs_one_request_a_moment_and_the_next_ones_nothing(
    redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shared, "TIMEOUT", TIMEOUT)
    told: list[bool] = []
    async with opened(redis, told) as store:
        limiter = Limiter(Memory(), store)
        with redis.frozen():
            started = time.monotonic()
            assert await limiter.take([Bucket("a", RATE)]) is None
            assert TIMEOUT <= time.monotonic() - started < 1
            assert not store.is_answering
            waits = [await seconds(limiter, Bucket("a", RATE)) for _ in range(RATE.burst - 1)]
            assert await taken(limiter, Bucket("a", RATE)) == 0
            # Whoever asked would wait; a busy machine is late now and then.
            assert sum(wait >= TIMEOUT for wait in waits) <= len(waits) / 3, waits
        await until(store, is_answering=True)
        # No answer of before is taken for one of now.
        assert await taken(store, Bucket("b", Rate.every(60, 7))) == 7
    assert told == [True, False, True, False]


async def test_whoever_waits_while_redis_is_lost_is_answered_elsewhere(
    redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shared, "TIMEOUT", TIMEOUT)
    async with opened(redis) as store:
        limiter = Limiter(Memory(), store)
        with redis.frozen():
            asked = [limiter.take([Bucket("a", RATE)]) for _ in range(500)]
            answers = await asyncio.gather(*asked)
        assert answers.count(None) == RATE.burst


async def test_a_redis_that_is_started_again_is_used_again(redis: Redis) -> None:
    async with opened(redis) as store:
        redis.stop()
        with pytest.raises(Lost):
            await store.take([Bucket("a", RATE)])
        redis.start()  # empty, and without the script
        await until(store, is_answering=True)
        assert await taken(store, Bucket("a", RATE)) == RATE.burst


async def test_a_script_that_redis_has_forgotten_is_sent_again(redis: Redis) -> None:
    async with opened(redis) as store:
        redis.ask("SCRIPT", "FLUSH")
        with pytest.raises(Lost):
            await store.take([Bucket("a", RATE)])
        await until(store, is_answering=True)
        assert await store.take([Bucket("a", RATE)]) is None


async def test_a_strange_value_under_a_key_hinders_nobody(redis: Redis) -> None:
    redis.ask("SET", "test:a", "nonsense")
    async with opened(redis) as store:
        assert await Limiter(Memory(), store).take([Bucket("a", RATE)]) is None
