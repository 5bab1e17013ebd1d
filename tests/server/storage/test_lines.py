"""Connections that statements share: what one does to another, and what a transaction takes."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import psycopg
import pytest

from authly_server.storage import errors, statement
from authly_server.storage.pool import Database


@pytest.fixture
async def narrow(database_url: str) -> AsyncIterator[Database]:
    """One connection for everything."""
    database = await Database.open(database_url, minimum=1, maximum=1, timeout=5.0)
    yield database
    await database.close()


def test_a_name_that_comes_twice_has_one_number() -> None:
    parsed = statement.parse("SELECT %(one)s, %(two)s, %(one)s WHERE 'a' LIKE 'a%%'")
    assert parsed.text == b"SELECT $1, $2, $1 WHERE 'a' LIKE 'a%'"
    assert parsed.values({"two": 2, "one": 1}) == [1, 2]


async def test_each_gets_the_answer_to_its_own_question(narrow: Database) -> None:
    questions = [narrow.fetch_one("SELECT %(n)s::int AS n", {"n": n}) for n in range(15)]
    assert [row["n"] for row in await asyncio.gather(*questions) if row] == list(range(15))


async def test_whoever_waits_behind_a_failure_is_not_touched_by_it(
    narrow: Database, owner: Any
) -> None:
    rename = "UPDATE authly.scopes SET description = %(text)s WHERE name = %(name)s RETURNING name"
    before, failed, after = await asyncio.gather(
        narrow.fetch_one(rename, {"text": "one", "name": "read"}),
        narrow.fetch_one("INSERT INTO authly.scopes (name) VALUES ('read')", {}),
        narrow.fetch_one(rename, {"text": "two", "name": "write"}),
        return_exceptions=True,
    )
    assert (before, after) == ({"name": "read"}, {"name": "write"})
    assert isinstance(failed, psycopg.errors.UniqueViolation)
    assert owner.fetch("SELECT description FROM authly.scopes WHERE name = 'read'") == "one"


async def test_a_statement_that_could_not_be_prepared_is_prepared_again(
    narrow: Database, owner: Any
) -> None:
    question = "SELECT count(*) AS found FROM authly.not_there_yet"
    failures = await asyncio.gather(
        *(narrow.fetch_one(question, {}) for _ in range(3)), return_exceptions=True
    )
    assert all(isinstance(failure, errors.Unavailable) for failure in failures)
    owner.execute("CREATE TABLE authly.not_there_yet (id int)")
    assert await narrow.fetch_one(question, {}) == {"found": 0}


async def test_a_statement_whose_prepared_form_was_dropped_is_prepared_again(
    narrow: Database,
) -> None:
    question = "SELECT 1 AS found"
    assert await narrow.fetch_one(question, {})
    await narrow.execute("DEALLOCATE ALL", {})
    with pytest.raises(errors.Unavailable):
        await narrow.fetch_one(question, {})
    assert await narrow.fetch_one(question, {}) == {"found": 1}


async def test_values_of_another_size_are_another_statement(narrow: Database) -> None:
    for number in (1, 40_000, 5_000_000_000):
        row = await narrow.fetch_one("SELECT %(number)s AS number", {"number": number})
        assert row == {"number": number}


async def test_whoever_hangs_up_leaves_the_others_their_answers(narrow: Database) -> None:
    slow = asyncio.create_task(narrow.fetch_one("SELECT pg_sleep(0.2)", {}))
    await asyncio.sleep(0)
    others = [
        asyncio.create_task(narrow.fetch_one("SELECT %(n)s::int AS n", {"n": n})) for n in range(3)
    ]
    await asyncio.sleep(0)
    slow.cancel()
    assert await asyncio.gather(*others) == [{"n": 0}, {"n": 1}, {"n": 2}]


async def test_more_than_a_socket_takes_arrives_whole(narrow: Database) -> None:
    text = "x" * 20_000_000
    row = await narrow.fetch_one("SELECT length(%(text)s::text) AS length", {"text": text})
    assert row == {"length": len(text)}


async def test_a_transaction_and_statements_take_turns_on_one_connection(narrow: Database) -> None:
    async def transact() -> int:
        async with narrow.connection() as connection:
            row = await (await connection.execute("SELECT 2 AS n")).fetchone()
            return row["n"] if row else 0

    async def ask() -> int:
        row = await narrow.fetch_one("SELECT 1 AS n", {})
        return row["n"] if row else 0

    answers = await asyncio.gather(ask(), transact(), ask(), transact(), ask())
    assert list(answers) == [1, 2, 1, 2, 1]
    assert narrow.connections_in_use == 0


async def test_busy_lines_grow_in_number_and_stay_below_the_maximum(
    database_url: str, owner: Any
) -> None:
    database = await Database.open(database_url, minimum=1, maximum=3, timeout=5.0)
    try:
        sleeping = [database.fetch_one("SELECT pg_sleep(0.05)", {}) for _ in range(2)]
        for _ in range(6):
            await asyncio.gather(*sleeping)
            sleeping = [database.fetch_one("SELECT pg_sleep(0.05)", {}) for _ in range(12)]
        await asyncio.gather(*sleeping)
        mine = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'authly-server'"
        assert owner.fetch(f"{mine} AND datname = current_database()") == 3
    finally:
        await database.close()
