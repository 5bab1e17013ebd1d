"""Connections to PostgreSQL: few, shared, and never waited for longer than a timeout.

A single statement goes through a line, which many share; a transaction has a connection of its own.
A database that is gone costs a caller at most `timeout` seconds (twice that is never reached: one
deadline covers waiting for a connection and using it) and nothing has to be restarted when it is
back. Used by every module of storage; the composition root opens and closes it.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from typing import LiteralString

import psycopg
from psycopg import errors as pg
from psycopg_pool import PoolClosed, PoolTimeout, TooManyRequests

from authly_server.storage import connections, errors, statement as statements
from authly_server.storage.company import Company
from authly_server.storage.connections import Connection, Pool, Row
from authly_server.storage.line import Line, first_line
from authly_server.storage.lines import Lines
from authly_server.storage.sending import Answer, Errand


Parameters = Mapping[str, object]

_MISSING_SCHEMA = (
    pg.UndefinedTable,
    pg.UndefinedColumn,
    pg.UndefinedFunction,
    pg.InvalidSchemaName,
    # Nor could it be prepared for the one who asked before.
    pg.InvalidSqlStatementName,
)
_GONE = (psycopg.OperationalError, psycopg.InterfaceError, PoolTimeout, TooManyRequests, PoolClosed)
# It takes no writes for now: a standby, or one that somebody keeps from filling its disk.
_READS_ONLY = (pg.ReadOnlySqlTransaction,)
_UNAVAILABLE = (*_GONE, *_READS_ONLY, *_MISSING_SCHEMA)


class Database:
    """A pool of connections and the two ways to use it: one statement, or a transaction."""

    def __init__(self, pool: Pool, url: str, timeout: float) -> None:
        self._pool = pool
        self._timeout = timeout
        self._loop = asyncio.get_running_loop()
        self._lines = Lines(pool, timeout)
        self._company = Company(self._lines.idle, self._choose)
        self._transactions = 0
        self.url = url

    @classmethod
    async def open(
        cls,
        url: str,
        *,
        minimum: int,
        maximum: int,
        timeout: float,  # noqa: ASYNC109  # a setting of the pool, not a limit of this call
    ) -> "Database":
        """Open a pool of `minimum` to `maximum` connections without waiting for the first one.

        `timeout` in seconds is how long any use may take, waiting for a connection included.

        Raises:
            ValueError: `url` is not a connection string of libpq.
        """
        pool = await connections.open_pool(url, minimum=minimum, maximum=maximum, seconds=timeout)
        return cls(pool, url, timeout)

    async def close(self) -> None:
        """Close every connection; those in use are closed when they come back."""
        await self._lines.close()
        await self._pool.close()

    @property
    def connections_in_use(self) -> int:
        """How many connections are serving a caller now, for the metric."""
        return self._transactions + self._lines.in_use

    @contextlib.asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        """Lend a connection inside a transaction: returning commits, raising rolls back.

        At the deadline its socket is shut down, so that a silent server frees its caller.
        Cancelling would not do: psycopg then first asks that same server to cancel the query.

        Raises:
            errors.Unavailable: no connection in time, or the database went away meanwhile.
        """
        deadline = self._loop.time() + self._timeout
        if not self._has_spare:
            self._lines.yield_one()
        self._transactions += 1
        try:
            async with self._lent(deadline) as connection, connection.transaction():
                yield connection
        except _UNAVAILABLE as error:
            raise _unavailable(error) from error
        finally:
            self._transactions -= 1

    async def fetch_one(
        self, statement: LiteralString, parameters: Parameters, *, locks: bytes | None = None
    ) -> Row | None:
        """Run one statement in one round trip and answer its first row.

        One that `locks` a single row, known by those bytes, may share a transaction with others
        that do, if they are asked for in the same turn of the loop (ADR 43).

        Raises:
            errors.Unavailable: as for `connection`.
        """
        found = (await self._run(statement, parameters, locks)).rows
        return found[0] if found else None

    async def fetch_all(self, statement: LiteralString, parameters: Parameters) -> list[Row]:
        """Run one statement in one round trip and answer all of its rows; raises as `fetch_one`."""
        return (await self._run(statement, parameters)).rows

    async def execute(
        self, statement: LiteralString, parameters: Parameters, *, locks: bytes | None = None
    ) -> int:
        """Run one statement in one round trip, answer how many rows it changed.

        `locks` is as for `fetch_one`, which raises alike.
        """
        return (await self._run(statement, parameters, locks)).count

    async def _run(
        self, statement: LiteralString, parameters: Parameters, locks: bytes | None = None
    ) -> Answer:
        deadline = self._loop.time() + self._timeout
        answer = self._loop.create_future()
        errand = Errand(statements.parse(statement), parameters, deadline, answer)
        try:
            if locks is None:
                (self._lines.idle() or await self._choose(deadline)).send([errand])
            else:
                self._company.add(locks, errand)
            return await errand.read()
        except _UNAVAILABLE as error:
            raise _unavailable(error) from error

    async def _choose(self, deadline: float) -> Line:
        return await self._lines.choose(deadline, may_grow=self._has_spare)

    @contextlib.asynccontextmanager
    async def _lent(self, deadline: float) -> AsyncIterator[Connection]:
        connection = await connections.take(self._pool, deadline)
        timer = self._loop.call_at(deadline, connections.hang_up, connection)
        try:
            yield connection
        finally:
            timer.cancel()
            await self._pool.putconn(connection)

    @property
    def _has_spare(self) -> bool:
        """Whether the pool could lend one more connection at once."""
        return self._transactions + len(self._lines) < self._pool.max_size


def _unavailable(error: Exception) -> errors.Unavailable:
    said = first_line(error)
    is_early = isinstance(error, _MISSING_SCHEMA)
    return errors.Unavailable(f"the schema is not ready: {said}" if is_early else said)
