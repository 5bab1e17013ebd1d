"""Statements of one turn share a transaction, and none of them can tell."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any

import psycopg
import pytest
from psycopg import errors as pg

from authly_server.storage import errors
from authly_server.storage.company import MOST_TOGETHER
from authly_server.storage.pool import Database


COUNT = (
    "UPDATE authly.counters SET count = count + 1 WHERE id = %(id)s::int"
    " RETURNING count, txid_current() AS transaction"
)
ADD = "INSERT INTO authly.counters (id) VALUES (%(id)s::int)"


@pytest.fixture(autouse=True)
def counters(owner: Any) -> Iterator[None]:
    """A thousand rows to change."""
    owner.execute("CREATE TABLE authly.counters (id int PRIMARY KEY, count int NOT NULL DEFAULT 0)")
    owner.execute("INSERT INTO authly.counters SELECT generate_series(1, 1000)")
    owner.execute("GRANT ALL ON authly.counters TO PUBLIC")
    yield
    owner.execute("DROP TABLE authly.counters")


@pytest.fixture
async def narrow(database_url: str) -> AsyncIterator[Database]:
    """One connection for everything."""
    database = await Database.open(database_url, minimum=1, maximum=1, timeout=5.0)
    await database.fetch_one("SELECT 1", {})
    yield database
    await database.close()


async def count(database: Database, number: int) -> dict[str, Any] | None:
    return await database.fetch_one(COUNT, {"id": number}, locks=b"%4d" % number)


async def add(database: Database, number: int) -> int:
    return await database.execute(ADD, {"id": number}, locks=b"%4d" % number)


def counted(owner: Any, *numbers: int) -> list[int]:
    found: list[int] = owner.fetch(
        "SELECT array_agg(count ORDER BY id) FROM authly.counters WHERE id = ANY (%s)",
        list(numbers),
    )
    return found


async def test_those_of_one_turn_share_transactions_of_a_few(narrow: Database) -> None:
    found = await asyncio.gather(*(count(narrow, number) for number in range(1, 17)))
    transactions = [row["transaction"] for row in found if row]
    assert len(transactions) == 16
    assert {transactions.count(each) for each in transactions} == {MOST_TOGETHER}


async def test_those_of_another_turn_have_one_of_their_own(narrow: Database) -> None:
    one, other = await count(narrow, 1), await count(narrow, 2)
    assert one is not None
    assert other is not None
    assert one["transaction"] != other["transaction"]


async def test_each_gets_its_own_row(narrow: Database, owner: Any) -> None:
    for expected in (1, 2, 3):
        found = await asyncio.gather(*(count(narrow, number) for number in (5, 3, 2000, 4)))
        assert [row and row["count"] for row in found] == [expected, expected, None, expected]
    assert counted(owner, 3, 4, 5) == [3, 3, 3]


async def test_whoever_goes_with_a_failure_is_not_touched_by_it(
    narrow: Database, owner: Any
) -> None:
    before, failed, after = await asyncio.gather(
        count(narrow, 1), add(narrow, 2), count(narrow, 3), return_exceptions=True
    )
    assert isinstance(failed, pg.UniqueViolation)
    assert [isinstance(each, dict) and each["count"] for each in (before, after)] == [1, 1]
    assert counted(owner, 1, 2, 3) == [1, 0, 1], "and what was undone is done once"


async def test_all_may_fail(narrow: Database, owner: Any) -> None:
    failures = await asyncio.gather(
        *(add(narrow, number) for number in range(1, 9)), return_exceptions=True
    )
    assert {type(failure) for failure in failures} == {pg.UniqueViolation}
    assert await add(narrow, 1001) == 1


async def test_a_failure_to_commit_is_that_of_whoever_caused_it(
    narrow: Database, owner: Any
) -> None:
    owner.execute(
        "ALTER TABLE authly.counters ADD parent int DEFAULT 1"
        " REFERENCES authly.counters DEFERRABLE INITIALLY DEFERRED"
    )
    orphan = "UPDATE authly.counters SET parent = 5000 WHERE id = %(id)s::int"
    before, failed, after = await asyncio.gather(
        count(narrow, 1),
        narrow.execute(orphan, {"id": 2}, locks=b"   2"),
        count(narrow, 3),
        return_exceptions=True,
    )
    assert isinstance(failed, pg.ForeignKeyViolation)
    assert [isinstance(each, dict) and each["count"] for each in (before, after)] == [1, 1]
    assert counted(owner, 1, 3) == [1, 1]


async def test_values_that_are_none_concern_their_sender_alone(
    narrow: Database, owner: Any
) -> None:
    found = await asyncio.gather(
        count(narrow, 1),
        narrow.fetch_one(COUNT, {"id": object()}, locks=b"2"),
        narrow.fetch_one(COUNT, {}, locks=b"3"),
        count(narrow, 4),
        return_exceptions=True,
    )
    assert [type(each) for each in found] == [dict, psycopg.ProgrammingError, KeyError, dict]
    assert counted(owner, 1, 4) == [1, 1]


async def test_what_could_not_be_prepared_is_prepared_again(narrow: Database, owner: Any) -> None:
    statement = "UPDATE authly.not_there_yet SET id = %(id)s::int RETURNING id"

    async def ask(number: int) -> object:
        return await narrow.fetch_one(statement, {"id": number}, locks=b"%d" % number)

    failures = await asyncio.gather(*(ask(number) for number in range(3)), return_exceptions=True)
    assert {type(failure) for failure in failures} == {errors.Unavailable}
    owner.execute("CREATE TABLE authly.not_there_yet AS SELECT 0 AS id")
    assert await asyncio.gather(*(ask(number) for number in range(3))) == [
        {"id": number} for number in range(3)
    ]


async def test_what_was_forgotten_is_prepared_again_without_anybody_noticing(
    narrow: Database, owner: Any
) -> None:
    await asyncio.gather(count(narrow, 1), count(narrow, 2))
    await narrow.execute("DEALLOCATE ALL", {})
    found = await asyncio.gather(count(narrow, 1), count(narrow, 2), count(narrow, 3))
    assert [row and row["count"] for row in found] == [2, 2, 1]


async def test_whoever_hangs_up_leaves_the_others_theirs(narrow: Database, owner: Any) -> None:
    asked = (*(count(narrow, number) for number in (1, 2, 3)), add(narrow, 4))
    tasks = [asyncio.ensure_future(each) for each in asked]
    await asyncio.sleep(0)
    tasks[1].cancel()
    found = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(each) for each in found] == [
        dict,
        asyncio.CancelledError,
        dict,
        pg.UniqueViolation,
    ]
    assert counted(owner, 1, 3) == [1, 1]


async def test_a_connection_that_breaks_ends_all_that_it_carries(
    narrow: Database, owner: Any
) -> None:
    sleep = "WITH slept AS (SELECT pg_sleep(30)) UPDATE authly.counters SET count = 7 FROM slept"
    asked = (count(narrow, 1), count(narrow, 2), narrow.execute(sleep, {}, locks=b"   3"))
    tasks = [asyncio.ensure_future(each) for each in asked]
    mine = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event = 'PgSleep'"
    for _ in range(100):
        await asyncio.sleep(0.05)
        if owner.fetch(f"{mine} AND datname = current_database()"):
            break
    found = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(each) for each in found] == [errors.Unavailable] * 3
    assert counted(owner, 1, 2, 3) == [0, 0, 0]
    again = await count(narrow, 1)
    assert again is not None
    assert again["count"] == 1


async def test_rows_wanted_in_any_order_by_many_never_stop_each_other(
    database_url: str, owner: Any
) -> None:
    databases = [
        await Database.open(database_url, minimum=1, maximum=2, timeout=5.0) for _ in range(3)
    ]
    orders = [list(range(1, 7)), list(range(6, 0, -1)), [3, 6, 1, 5, 2, 4]]
    try:
        for _ in range(30):
            await asyncio.gather(
                *(
                    count(database, number)
                    for database, order in zip(databases, orders, strict=True)
                    for number in order
                )
            )
    finally:
        for database in databases:
            await database.close()
    assert counted(owner, *range(1, 7)) == [90] * 6
    found = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
    assert owner.fetch(found) == 0


async def test_the_first_answers_of_a_slow_company_stop_nobody_else(narrow: Database) -> None:
    """More than PostgreSQL keeps back until the end of a transaction: it comes by pieces."""
    long = "WITH one AS (SELECT 1) SELECT repeat('x', 100000) AS text, pg_sleep(%(s)s) FROM one"
    company = asyncio.gather(
        narrow.fetch_one(long, {"s": 0.0}, locks=b"1"),
        narrow.fetch_one(long, {"s": 1.0}, locks=b"2"),
        narrow.fetch_one(long, {"s": 0.0}, locks=b"3"),
    )
    turns = 0
    while not company.done():
        await asyncio.sleep(0.01)
        turns += 1
    assert turns > 5, "the loop went on meanwhile"
    assert [len(row["text"]) for row in await company if row] == [100_000] * 3
