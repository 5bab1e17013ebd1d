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
from collections.abc import AsyncIterator, Mapping
from types import TracebackType
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
        self._leases: set[_Lease] = set()
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
        return len(self._leases)

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

    def _lease(self) -> "_Lease":
        return _Lease(self._pool, self._leases, self._timeout)


class _Lease:
    """One use of a connection, over at its deadline; raises errors.Unavailable.

    At the deadline the connection's socket is shut down, so that a silent server frees its caller.
    Cancelling would not do: psycopg then first asks that same silent server to cancel the query.

    Written out as a class, for every request goes through it: generators as context managers cost
    a good part of what psycopg itself does.
    """

    __slots__ = ("_connection", "_leases", "_pool", "_timeout", "_timer")
    _connection: Connection
    _timer: asyncio.TimerHandle

    def __init__(
        self, pool: AsyncConnectionPool[Connection], leases: "set[_Lease]", timeout: float
    ) -> None:
        self._pool = pool
        self._leases = leases
        self._timeout = timeout

    async def __aenter__(self) -> Connection:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self._timeout
        try:
            self._connection = await _take(self._pool, deadline, loop)
        except _GONE as error:
            raise errors.Unavailable(_first_line(error)) from error
        self._leases.add(self)
        self._timer = loop.call_at(deadline, _hang_up, self._connection)
        return self._connection

    async def __aexit__(
        self,
        _: type[BaseException] | None,
        error: BaseException | None,
        __: TracebackType | None,
    ) -> None:
        self._timer.cancel()
        self._leases.discard(self)
        await self._pool.putconn(self._connection)
        if isinstance(error, _GONE):
            raise errors.Unavailable(_first_line(error)) from error
        if isinstance(error, _MISSING_SCHEMA):
            message = f"the schema is not ready: {_first_line(error)}"
            raise errors.Unavailable(message) from error


async def _take(
    pool: AsyncConnectionPool[Connection], deadline: float, loop: asyncio.AbstractEventLoop
) -> Connection:
    """A connection that the server has not closed; found out without a round trip."""
    while True:
        connection = await pool.getconn(timeout=deadline - loop.time())
        if not _is_stale(connection):
            return connection
        await connection.close()
        await pool.putconn(connection)


def check_url(url: str) -> None:
    """Whether a pool can be made for that URL; raises ValueError if it cannot be read."""
    _with_limits(url, 1.0)


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
    poll.register(connection.pgconn.socket, select.POLLIN | select.POLLHUP | select.POLLERR)
    return bool(poll.poll(0))


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
