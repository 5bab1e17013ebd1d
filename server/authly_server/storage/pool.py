"""Connections to PostgreSQL: few, short-lived in use, and never waited for longer than a timeout.

A database that is gone costs a caller at most `timeout` seconds (twice that is never reached: one
deadline covers waiting for a connection and using it) and nothing has to be restarted when it is
back. Used by every module of storage; the composition root opens and closes it.
"""

import asyncio
import contextlib
import os
import select
import socket
from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Any, LiteralString

import psycopg
from psycopg import conninfo, errors as pg, rows
from psycopg_pool import AsyncConnectionPool, PoolClosed, PoolTimeout, TooManyRequests

from authly_server.storage import errors


Row = dict[str, Any]
Connection = psycopg.AsyncConnection[Row]
Parameters = Mapping[str, object]

_WAITING_PER_CONNECTION = 20
_MISSING_SCHEMA = (
    pg.UndefinedTable,
    pg.UndefinedColumn,
    pg.UndefinedFunction,
    pg.InvalidSchemaName,
)
_GONE = (psycopg.OperationalError, psycopg.InterfaceError, PoolTimeout, TooManyRequests, PoolClosed)


class Database:
    """A pool of connections and the two ways to use it: one statement, or a transaction."""

    def __init__(self, pool: AsyncConnectionPool[Connection], url: str, timeout: float) -> None:
        self._pool = pool
        self._timeout = timeout
        self._lent = 0
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
        pool = AsyncConnectionPool(
            _with_limits(url, timeout),
            connection_class=Connection,
            kwargs={"autocommit": True, "row_factory": rows.dict_row},
            min_size=minimum,
            max_size=maximum,
            max_waiting=maximum * _WAITING_PER_CONNECTION,
            timeout=timeout,
            # Give up soon: the next request starts a fresh attempt, and no back-off grows long.
            reconnect_timeout=timeout / 2,
            open=False,
        )
        await pool.open(wait=False)
        return cls(pool, url, timeout)

    async def close(self) -> None:
        """Close every connection; those in use are closed when they come back."""
        await self._pool.close()

    @property
    def connections_in_use(self) -> int:
        """How many connections are serving a caller now, for the metric."""
        return self._lent

    @contextlib.asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        """Lend a connection inside a transaction: returning commits, raising rolls back.

        Raises:
            errors.Unavailable: no connection in time, or the database went away meanwhile.
        """
        async with self._lease() as connection, connection.transaction():
            yield connection

    async def fetch_one(self, statement: LiteralString, parameters: Parameters) -> Row | None:
        """Run one statement in one round trip and answer its first row.

        Raises:
            errors.Unavailable: as for `connection`.
        """
        async with self._lease() as connection:
            return await (await connection.execute(statement, parameters)).fetchone()

    async def fetch_all(self, statement: LiteralString, parameters: Parameters) -> list[Row]:
        """Run one statement in one round trip and answer all of its rows; raises as `fetch_one`."""
        async with self._lease() as connection:
            return await (await connection.execute(statement, parameters)).fetchall()

    async def execute(self, statement: LiteralString, parameters: Parameters) -> int:
        """Run one statement in one round trip, answer how many rows it changed; raises alike."""
        async with self._lease() as connection:
            return (await connection.execute(statement, parameters)).rowcount

    @contextlib.asynccontextmanager
    async def _lease(self) -> AsyncIterator[Connection]:
        deadline = asyncio.get_running_loop().time() + self._timeout
        with _translated():
            connection = await self._take(deadline)
            self._lent += 1
            try:
                with _hung_up_at(deadline, connection):
                    yield connection
            finally:
                self._lent -= 1
                await self._pool.putconn(connection)

    async def _take(self, deadline: float) -> Connection:
        """A connection that the server has not closed; found out without a round trip."""
        while True:
            left = deadline - asyncio.get_running_loop().time()
            connection = await self._pool.getconn(timeout=left)
            if not _is_stale(connection):
                return connection
            await connection.close()
            await self._pool.putconn(connection)


def _with_limits(url: str, timeout: float) -> str:
    """The URL with limits of our own for connecting, for statements and for dead peers.

    Raises:
        ValueError: `url` is not a connection string of libpq.
    """
    milliseconds = int(timeout * 1000)
    try:
        given = conninfo.conninfo_to_dict(url)
    except psycopg.ProgrammingError:
        message = "the database URL cannot be read"
        raise ValueError(message) from None  # libpq's own words repeat the URL, password and all
    options = (
        f"-c statement_timeout={milliseconds} "
        f"-c idle_in_transaction_session_timeout={milliseconds * 5}"
    )
    return conninfo.make_conninfo(
        url,
        connect_timeout=max(2, int(timeout)),  # libpq knows no shorter one
        tcp_user_timeout=milliseconds,
        application_name=given.get("application_name", "authly-server"),
        options=f"{given.get('options', '')} {options}".strip(),
    )


@contextlib.contextmanager
def _translated() -> Iterator[None]:
    """Say Unavailable for whatever heals by itself: a lost server, a timeout, no schema yet."""
    try:
        yield
    except _GONE as error:
        raise errors.Unavailable(_first_line(error)) from error
    except _MISSING_SCHEMA as error:
        message = f"the schema is not ready: {_first_line(error)}"
        raise errors.Unavailable(message) from error


@contextlib.contextmanager
def _hung_up_at(deadline: float, connection: Connection) -> Iterator[None]:
    """Shut the connection's socket down at the deadline, so that a silent server frees its caller.

    Cancelling would not do: psycopg then first asks that same silent server to cancel the query.
    """
    timer = asyncio.get_running_loop().call_at(deadline, _hang_up, connection)
    try:
        yield
    finally:
        timer.cancel()


def _hang_up(connection: Connection) -> None:
    with contextlib.suppress(OSError, psycopg.OperationalError):
        line = socket.socket(fileno=os.dup(connection.fileno()))
        with line:
            line.shutdown(socket.SHUT_RDWR)


def _is_stale(connection: Connection) -> bool:
    """Whether the server has said something unasked, which on an idle connection is goodbye."""
    if connection.closed:
        return True
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN | select.POLLHUP | select.POLLERR)
    return bool(poll.poll(0))


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
