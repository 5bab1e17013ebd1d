"""Many who ask about tokens at once: each gets its own answer, never older than its question."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import psycopg
import pytest

from authly_server.model.client import Client
from authly_server.storage import errors
from authly_server.storage.liveness import MOST_AT_ONCE, Liveness, Question
from authly_server.storage.pool import Database


REVOKE = """
INSERT INTO authly.tokens (token_type, jti, client_id, expires_at, invalidated_at)
VALUES ('access', %s, %s, now() + interval '1 hour', now())
"""


@pytest.fixture(name="liveness")
def _liveness(database: Database) -> Liveness:
    return Liveness(database)


def question(jti: str) -> Question:
    return Question(jti, "shop", None)


@asynccontextmanager
async def stalled(owner: Any) -> AsyncIterator[psycopg.AsyncConnection[Any]]:
    """Whoever asks for a token waits until the transaction of this connection ends."""
    async with await psycopg.AsyncConnection.connect(owner.url) as connection:
        await connection.execute("LOCK TABLE authly.tokens IN ACCESS EXCLUSIVE MODE")
        yield connection


async def until_somebody_waits(owner: Any) -> None:
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
    deadline = time.monotonic() + 90
    while not await asyncio.to_thread(owner.fetch, waiting):
        assert time.monotonic() < deadline
        await asyncio.sleep(0.01)


async def test_each_of_many_questions_gets_its_own_answer(
    liveness: Liveness, owner: Any, client: Client
) -> None:
    for number in range(0, 40, 3):
        owner.execute(REVOKE, str(number), client.id)
    asked = [liveness.is_live(question(str(number))) for number in range(MOST_AT_ONCE + 50)]
    expected = [number >= 40 or number % 3 != 0 for number in range(MOST_AT_ONCE + 50)]
    assert await asyncio.gather(*asked) == expected


@pytest.mark.usefixtures("client")
async def test_the_same_token_may_be_asked_about_twice_at_once(liveness: Liveness) -> None:
    asked = [question("one"), Question("one", "nobody", None), question("one")]
    assert await asyncio.gather(*map(liveness.is_live, asked)) == [True, False, True]


async def test_what_is_revoked_before_the_question_is_dead_although_others_still_wait(
    liveness: Liveness, owner: Any, client: Client
) -> None:
    async with stalled(owner) as connection:
        earlier = asyncio.create_task(liveness.is_live(question("one")))
        await until_somebody_waits(owner)
        await connection.execute(REVOKE, ("two", client.id))
        later = asyncio.create_task(liveness.is_live(question("two")))
        await asyncio.sleep(0)
    assert list(await asyncio.gather(earlier, later)) == [True, False]


@pytest.mark.usefixtures("client")
async def test_nobody_waits_twice_for_a_database_that_says_nothing(
    liveness: Liveness, owner: Any
) -> None:
    started = time.monotonic()
    async with stalled(owner):
        earlier = asyncio.create_task(liveness.is_live(question("one")))
        await until_somebody_waits(owner)
        later = asyncio.create_task(liveness.is_live(question("two")))
        found = await asyncio.gather(earlier, later, return_exceptions=True)
    assert [type(error) for error in found] == [errors.Unavailable, errors.Unavailable]
    assert time.monotonic() - started < 3.5
    assert await liveness.is_live(question("one"))


@pytest.mark.usefixtures("client")
async def test_who_hangs_up_takes_no_answer_from_the_others(liveness: Liveness, owner: Any) -> None:
    async with stalled(owner):
        tasks = [asyncio.create_task(liveness.is_live(question(jti))) for jti in ("one", "two")]
        await until_somebody_waits(owner)
        tasks[0].cancel()
    found = await asyncio.gather(*tasks, return_exceptions=True)
    assert isinstance(found[0], asyncio.CancelledError)
    assert found[1] is True
