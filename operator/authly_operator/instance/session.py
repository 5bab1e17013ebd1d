"""A connection to a PostgreSQL for one call, within bounds of time whatever the other side does.

Used by `registry`, with connections kept for a moment, and by `database`, which logs in anew.
"""

import asyncio
import contextlib
import os
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Final, TypeVar

import psycopg
from psycopg import conninfo

from authly_operator import naming
from authly_operator.instance import errors, idle, refusal
from authly_operator.instance.idle import Connection


CONNECT_SECONDS: Final = 3.0
STATEMENT_SECONDS: Final = 5.0
_UNREADABLE: Final = (
    psycopg.errors.UntranslatableCharacter,
    psycopg.errors.InvalidTextRepresentation,
)

Answer = TypeVar("Answer")


async def run(url: str, work: Callable[[Connection], Awaitable[Answer]]) -> Answer:
    """Do the work on a connection (each statement a transaction of its own), and keep that.

    Raises:
        errors.Unreachable: no connection within CONNECT_SECONDS, no answer to the work within
            STATEMENT_SECONDS, or the database refused; one line without URL and password.
        errors.StaleEpoch: the database saw a later leader.
        errors.Unreadable: an argument holds text that it cannot store.
    """
    kept = idle.here()
    with _translated(url):
        connection = kept.take(url) or await _connect(url)
        answer = await _use(connection, work, STATEMENT_SECONDS)
        kept.keep(url, connection)
        return answer


async def run_once(
    url: str, work: Callable[[Connection], Awaitable[Answer]], seconds: float
) -> Answer:
    """Connect, do the work within `seconds`, and hang up.

    Raises:
        errors.InstanceError: as for `run`.
    """
    with _translated(url):
        connection = await _connect(url)
        answer = await _use(connection, work, seconds)
        await connection.close()
        return answer


def version_of(connection: Connection) -> str:
    """Which PostgreSQL it is: 18.6, from the number 180006 of its parameter server_version_num."""
    number = connection.info.server_version
    return f"{number // 10_000}.{number % 10_000}"


async def _use(
    connection: Connection, work: Callable[[Connection], Awaitable[Answer]], seconds: float
) -> Answer:
    """Answer what the work does; a connection on which it failed is closed."""
    try:
        async with _hung_up(connection, seconds):
            return await work(connection)
    except BaseException:
        await connection.close()
        raise


@contextlib.contextmanager
def _translated(url: str) -> Iterator[None]:
    try:
        yield
    except (psycopg.Error, OSError, TimeoutError) as failure:
        raise _kind(failure)(refusal.line(failure, url)) from None


def _kind(failure: Exception) -> type[errors.InstanceError]:
    if isinstance(failure, psycopg.Error) and failure.sqlstate == refusal.STALE_EPOCH:
        return errors.StaleEpoch
    if refusal.keeps_out(failure):
        return errors.SignInRefused
    return errors.Unreadable if isinstance(failure, _UNREADABLE) else errors.Unreachable


async def _connect(url: str) -> Connection:
    async with asyncio.timeout(CONNECT_SECONDS):
        connection = await Connection.connect(
            _with_limits(url), autocommit=True, prepare_threshold=None
        )
    connection.born = asyncio.get_running_loop().time()
    return connection


def _with_limits(url: str) -> str:
    """The URL with limits of our own, which the server keeps where we are gone.

    Raises:
        psycopg.ProgrammingError: it is no connection string; its text repeats the URL.
    """
    given = conninfo.conninfo_to_dict(url)
    milliseconds = int(STATEMENT_SECONDS * 1000)
    options = f"-c statement_timeout={milliseconds} -c lock_timeout={milliseconds}"
    return conninfo.make_conninfo(
        url,
        connect_timeout=int(CONNECT_SECONDS),
        tcp_user_timeout=milliseconds,
        application_name=naming.FIELD_MANAGER,
        options=f"{given.get('options') or ''} {options}".strip(),
    )


@contextlib.asynccontextmanager
async def _hung_up(connection: Connection, seconds: float) -> AsyncIterator[None]:
    """Shut the socket down when the time is over, so that a silent server frees its caller.

    Cancelling would not do: psycopg then first asks that same silent server to cancel the query.

    Raises:
        TimeoutError: the time was over.
    """
    loop = asyncio.get_running_loop()
    over = loop.time() + seconds
    timer = loop.call_at(over, _hang_up, connection)
    try:
        yield
    except psycopg.OperationalError as failure:
        if loop.time() >= over:
            raise TimeoutError from failure
        raise
    finally:
        timer.cancel()


def _hang_up(connection: Connection) -> None:
    with (
        contextlib.suppress(OSError, psycopg.OperationalError),
        socket.socket(fileno=os.dup(connection.fileno())) as line,
    ):
        line.shutdown(socket.SHUT_RDWR)
