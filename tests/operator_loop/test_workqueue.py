"""Each key once, one worker a key, nothing lost, and no hot loop."""

import asyncio

import pytest

from authly_operator.workqueue import LONGEST_BACKOFF, Key, WorkQueue


MAIN, OTHER = Key("AuthlyServer", "auth", "main"), Key("AuthlyServer", "auth", "other")


class Time:
    """Seconds that pass only when a test says so."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def queue(time: Time) -> WorkQueue:
    return WorkQueue(time)


async def nothing_comes(queue: WorkQueue) -> bool:
    try:
        async with asyncio.timeout(0.02):
            await queue.get()
    except TimeoutError:
        return True
    return False


async def test_a_key_added_twice_is_handed_out_once(queue: WorkQueue) -> None:
    queue.add(MAIN)
    queue.add(MAIN)
    assert await queue.get() == MAIN
    queue.done(MAIN)
    assert await nothing_comes(queue)


async def test_keys_are_handed_out_in_the_order_of_their_first_event(queue: WorkQueue) -> None:
    for key in (MAIN, OTHER, MAIN):
        queue.add(key)
    assert [await queue.get(), await queue.get()] == [MAIN, OTHER]


async def test_an_event_during_the_work_brings_the_key_back_after_it(queue: WorkQueue) -> None:
    queue.add(MAIN)
    assert await queue.get() == MAIN
    queue.add(MAIN)
    assert await nothing_comes(queue)
    queue.done(MAIN)
    assert await queue.get() == MAIN


async def test_a_worker_that_waits_is_woken_by_an_event(queue: WorkQueue) -> None:
    waiting = asyncio.create_task(queue.get())
    await asyncio.sleep(0)
    queue.add(OTHER)
    assert await waiting == OTHER


async def test_a_delayed_key_comes_when_it_is_due_and_not_before(
    queue: WorkQueue, time: Time
) -> None:
    queue.add_after(MAIN, 30)
    assert await nothing_comes(queue)
    time.seconds = 30
    assert await queue.get() == MAIN


async def test_the_earlier_of_two_delays_holds(queue: WorkQueue, time: Time) -> None:
    queue.add_after(MAIN, 60)
    queue.add_after(MAIN, 10)
    queue.add_after(MAIN, 300)
    time.seconds = 10
    assert await queue.get() == MAIN
    queue.done(MAIN)
    time.seconds = 400
    assert await nothing_comes(queue)


async def test_an_event_comes_before_a_delay_and_replaces_it(queue: WorkQueue, time: Time) -> None:
    queue.add_after(MAIN, 10)
    queue.add(MAIN)
    assert await queue.get() == MAIN
    queue.done(MAIN)
    time.seconds = 11
    assert await nothing_comes(queue)


async def test_back_off_doubles_up_to_a_minute_and_ends_with_success(queue: WorkQueue) -> None:
    delays = [queue.add_failed(MAIN) for _ in range(12)]
    assert delays[:4] == [0.5, 1.0, 2.0, 4.0]
    assert delays[-1] == LONGEST_BACKOFF
    queue.forget(MAIN)
    assert queue.add_failed(MAIN) == 0.5


async def test_who_is_asked_to_wait_longer_than_the_back_off_waits_as_long(
    queue: WorkQueue, time: Time
) -> None:
    assert queue.add_failed(MAIN, 120) == 120
    time.seconds = 119
    assert await nothing_comes(queue)
    time.seconds = 120
    assert await queue.get() == MAIN


async def test_the_age_tells_how_long_the_oldest_key_waits(queue: WorkQueue, time: Time) -> None:
    assert queue.age() == 0
    queue.add(MAIN)
    time.seconds = 7
    queue.add(OTHER)
    assert (queue.age(), len(queue)) == (7, 2)


async def test_many_workers_never_hold_one_key_at_once() -> None:
    queue = WorkQueue(asyncio.get_running_loop().time)
    held: set[Key] = set()
    worked = 0

    async def work() -> None:
        nonlocal worked
        while True:
            key = await queue.get()
            assert key not in held
            held.add(key)
            await asyncio.sleep(0)
            held.discard(key)
            worked += 1
            queue.done(key)

    async with asyncio.TaskGroup() as group:
        workers = [group.create_task(work()) for _ in range(4)]
        for number in range(400):
            queue.add(Key("AuthlyClient", "apps", f"client-{number % 7}"))
            await asyncio.sleep(0)
        await asyncio.sleep(0.05)
        assert len(queue) == 0
        for worker in workers:
            worker.cancel()
    assert worked >= 7
    assert not held
