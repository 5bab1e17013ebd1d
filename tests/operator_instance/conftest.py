"""A migrated database with the operator's own role, and servers that answer as they please."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field

import aiohttp
import psycopg
import pytest
from aiohttp import web
from psycopg import conninfo, sql

from authly_operator.instance import registry
from authly_server.storage import migration
from throwaway import postgres as throwaway_postgres


_numbers = itertools.count(1)


@dataclass(frozen=True)
class Migrated:
    """One migrated database and the URLs of two roles; `operator` has a password of its own."""

    owner: str
    operator: str


@pytest.fixture
async def migrated(
    postgres: throwaway_postgres.Cluster, database_url: str
) -> AsyncIterator[Migrated]:
    role = f"registrar{next(_numbers)}"
    name = str(conninfo.conninfo_to_dict(database_url)["dbname"])
    operator = postgres.url(name, user=role, password="the%20pass%27word%3A%20100%25")
    await asyncio.to_thread(migration.run, database_url, operator_url=operator)
    yield Migrated(database_url, operator)
    registry.close()
    await _wait_alone(database_url)
    postgres.drop_database(name)
    postgres.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(role)))


async def _wait_alone(owner: str) -> None:
    """The owner may drop the database only once the operator's backends are gone."""
    statement = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
    async with await psycopg.AsyncConnection.connect(owner, autocommit=True) as connection:
        for _ in range(3000):
            if await (await connection.execute(statement)).fetchone() == (1,):
                return
            await asyncio.sleep(0.02)
    raise AssertionError("the operator's connections stay open")


@dataclass
class Hits:
    """What a small HTTP server was asked: path and Host header."""

    asked: list[tuple[str, str]] = field(default_factory=list)


Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]
Serve = Callable[[Answer], Awaitable[str]]


@pytest.fixture
def hits() -> Hits:
    return Hits()


@pytest.fixture
async def serve(hits: Hits) -> AsyncIterator[Serve]:
    """Starts an HTTP server that answers every path alike, and answers its URL."""
    runners: list[web.AppRunner] = []

    async def start(answer: Answer) -> str:
        async def handle(request: web.Request) -> web.StreamResponse:
            hits.asked.append((request.path, request.headers["Host"]))
            return await answer(request)

        app = web.Application()
        app.router.add_route("*", "/{path:.*}", handle)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        runners.append(runner)
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        return f"http://127.0.0.1:{runner.addresses[0][1]}"

    yield start
    for runner in runners:
        await runner.cleanup()


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session
