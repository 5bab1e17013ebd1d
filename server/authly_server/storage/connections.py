"""Connections of the pool: how they are opened, lent out, and hung up on.

Limits of our own go with each one, so that no statement and no dead peer outlasts a request.
"""

import asyncio
import contextlib
import os
import select
import socket
from typing import Any, Final

import psycopg
from psycopg import conninfo, rows
from psycopg_pool import AsyncConnectionPool


Row = dict[str, Any]
Connection = psycopg.AsyncConnection[Row]
Pool = AsyncConnectionPool[Connection]

_WAITING_PER_CONNECTION = 20


# Every statement finds its rows by a key. To plan one anew for its values, as PostgreSQL does with
# some, costs a quarter of it; and one that was planned while a table was empty, and is kept, must
# not read all of the table when it is full.
_PLANNING: Final = "-c plan_cache_mode=force_generic_plan -c enable_seqscan=off -c jit=off"


async def open_pool(url: str, *, minimum: int, maximum: int, seconds: float) -> Pool:
    """Return a pool that opens its connections from now on; `seconds` is how long each use takes.

    Raises:
        ValueError: `url` is not a connection string of libpq.
    """
    pool = AsyncConnectionPool(
        _with_limits(url, seconds),
        connection_class=Connection,
        kwargs={"autocommit": True, "row_factory": rows.dict_row},
        min_size=minimum,
        max_size=maximum,
        max_waiting=maximum * _WAITING_PER_CONNECTION,
        timeout=seconds,
        # Give up soon: the next request starts a fresh attempt, and no back-off grows long.
        reconnect_timeout=seconds / 2,
        open=False,
    )
    await pool.open(wait=False)
    return pool


async def take(pool: Pool, deadline: float) -> Connection:
    """A connection that the server has not closed, found out without a round trip.

    Raises:
        psycopg.Error, PoolTimeout, TooManyRequests, PoolClosed: none by the loop's `deadline`.
    """
    loop = asyncio.get_running_loop()
    while True:
        connection = await pool.getconn(timeout=deadline - loop.time())
        if not _is_stale(connection):
            return connection
        await connection.close()
        await pool.putconn(connection)


def hang_up(connection: Connection) -> None:
    """Shut the socket down, so that whoever waits for the server gets an error at once."""
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
        f"{_PLANNING} "
        f"-c idle_in_transaction_session_timeout={milliseconds * 5}"
    )
    return conninfo.make_conninfo(
        url,
        connect_timeout=max(2, int(timeout)),  # libpq knows no shorter one
        tcp_user_timeout=milliseconds,
        application_name=given.get("application_name", "authly-server"),
        options=f"{given.get('options', '')} {options}".strip(),
    )
