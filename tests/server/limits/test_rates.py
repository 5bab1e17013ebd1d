"""The arithmetic of limits, by a clock handed in."""

from dataclasses import dataclass

import pytest
from hypothesis import given, strategies as st

from authly_server.limits import request_rates
from authly_server.limits.memory import Memory
from authly_server.limits.rate import SECOND, Bucket, Rate
from authly_server.settings import Settings


DATABASE_URL = "postgresql://nobody@127.0.0.1/authly"
RATES = st.builds(Rate, st.integers(1, 900 * SECOND), st.integers(1, 200))


@dataclass
class Clock:
    now: int = 0

    def __call__(self) -> int:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def memory(clock: Clock) -> Memory:
    return Memory(now=clock)


def bucket(key: str = "a", rate: Rate = Rate.per_minute(10, 6)) -> Bucket:  # noqa: B008  # frozen
    return Bucket(key, rate)


async def taken(memory: Memory, *buckets: Bucket, most: int = 300) -> int:
    """How many can be taken at once."""
    for count in range(most):
        if await memory.take(buckets or [bucket()]):
            return count
    return most


@given(rate=RATES)
async def test_a_burst_is_admitted_and_no_more(rate: Rate) -> None:
    clock = Clock()
    memory = Memory(now=clock)
    assert await taken(memory, Bucket("a", rate)) == rate.burst
    refusal = await memory.take([Bucket("a", rate)])
    assert refusal is not None
    assert refusal.microseconds == rate.interval


@given(rate=RATES, steps=st.lists(st.integers(0, 100 * SECOND), max_size=60))
async def test_over_any_time_the_rate_and_one_burst_are_never_exceeded(
    rate: Rate, steps: list[int]
) -> None:
    clock = Clock()
    memory, admitted = Memory(now=clock), 0
    for step in steps:
        clock.now += step
        admitted += await memory.take([Bucket("a", rate)]) is None
        assert admitted <= rate.burst + clock.now // rate.interval


@given(rate=RATES, takes=st.integers(0, 250), early=st.integers(1, 1000))
async def test_what_is_told_to_wait_is_exactly_what_has_to_be_waited(
    rate: Rate, takes: int, early: int
) -> None:
    clock = Clock()
    memory, named = Memory(now=clock), [Bucket("a", rate)]
    for _ in range(takes + rate.burst):
        await memory.take(named)
    refusal = await memory.take(named)
    assert refusal is not None
    clock.now += max(0, refusal.microseconds - early)
    assert await memory.take(named) is not None
    clock.now += min(early, refusal.microseconds)
    assert await memory.take(named) is None


async def test_ten_a_minute_come_back_one_by_one(memory: Memory, clock: Clock) -> None:
    assert await taken(memory) == 6
    for _ in range(4):
        clock.now += 6 * SECOND
        assert await taken(memory) == 1
    clock.now += 60 * SECOND
    assert await taken(memory) == 6


async def test_who_is_refused_does_not_wait_longer_for_it(memory: Memory, clock: Clock) -> None:
    await taken(memory)
    for _ in range(100):
        await memory.take([bucket()])
    clock.now += 6 * SECOND
    assert await memory.take([bucket()]) is None


async def test_keys_are_counted_apart(memory: Memory) -> None:
    await taken(memory)
    assert await taken(memory, bucket("b")) == 6


async def test_several_buckets_are_taken_from_together_or_not_at_all(memory: Memory) -> None:
    small, large = bucket("small", Rate.every(60, 2)), bucket("large", Rate.every(60, 5))
    assert await taken(memory, large, small) == 2
    refusal = await memory.take([large, small])
    assert refusal is not None
    assert refusal.bucket == small
    assert await taken(memory, large) == 3


async def test_what_is_given_back_can_be_taken_again_and_never_more(memory: Memory) -> None:
    await taken(memory)
    await memory.give_back([bucket()])
    assert await taken(memory) == 1
    for _ in range(20):
        await memory.give_back([bucket()])
    assert await taken(memory) == 6


async def test_what_is_forgotten_is_full(memory: Memory) -> None:
    await taken(memory)
    await memory.forget([bucket()])
    assert await taken(memory) == 6


async def test_memory_is_bounded_and_forgets_what_was_used_longest_ago(clock: Clock) -> None:
    memory = Memory(capacity=3, now=clock)
    await taken(memory, bucket("kept"))
    for number in range(10):
        await memory.take([bucket(f"stranger {number}")])
        await memory.give_back([bucket("kept")])
        await memory.take([bucket("kept")])
    assert len(memory) == 3
    assert await taken(memory, bucket("kept")) == 0


async def test_a_bucket_that_is_full_again_takes_no_memory(memory: Memory) -> None:
    await memory.take([bucket()])
    await memory.give_back([bucket()])
    assert len(memory) == 0


def test_the_rates_are_those_of_the_guide() -> None:
    rates = request_rates.of(Settings(database_url=DATABASE_URL))
    assert rates is not None
    assert rates.general == Rate.per_minute(100, burst=100)
    assert rates.strict == Rate.per_minute(10, burst=6)


def test_no_rate_is_one_where_limits_are_off() -> None:
    off = Settings(database_url=DATABASE_URL, rate_limit_enabled=False)
    assert request_rates.of(off) is None
