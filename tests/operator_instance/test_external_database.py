"""Why an external database does not answer, in one line without credentials."""

import asyncio
import contextlib
import socket
import time
from collections.abc import AsyncIterator, Iterator

import pytest

from authly_operator.instance import database
from throwaway import ports


async def test_a_database_that_answers_has_no_fault(empty_database_url: str) -> None:
    assert (await database.probe(empty_database_url)).error is None


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ((":throwaway@", ":hunter2@"), "password authentication failed for user"),
        (("@127.0.0.1:", "@no-such-host.invalid:"), "check the host's name"),
        (("/empty_", "/missing_"), 'database "missing_'),
        (("?", "?sslmode=require&"), "does not support SSL"),
        (("?", "?sslmode=verify-full&"), "ask for another sslmode"),
        (("?", "?nosuch=1&"), "cannot be read"),
        (("postgresql://", "postgresql//"), "cannot be read"),
        (("@127.0.0.1:", "@[127.0.0.1:"), "cannot be read"),
    ],
)
async def test_each_fault_is_told_apart(
    empty_database_url: str, change: tuple[str, str], told: str
) -> None:
    url = f"{empty_database_url}?connect_timeout=9".replace(*change)
    fault = (await database.probe(url)).error
    assert fault is not None
    assert told in fault
    assert "\n" not in fault
    assert "hunter2" not in fault
    assert "throwaway" not in fault
    assert "postgresql://owner" not in fault


async def test_a_port_that_nobody_listens_on_is_told() -> None:
    port = ports.free_port()
    fault = (await database.probe(f"postgresql://a:hunter2@127.0.0.1:{port}/b")).error
    assert fault is not None
    assert f"the database at 127.0.0.1:{port}: Connection refused" in fault


@pytest.fixture
def silent() -> Iterator[int]:
    """A port that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


async def test_silence_ends_within_five_seconds(silent: int) -> None:
    began = time.monotonic()
    fault = (await database.probe(f"postgresql://a:hunter2@127.0.0.1:{silent}/b")).error
    assert time.monotonic() - began < 5
    assert fault is not None
    assert "no answer in time" in fault


@pytest.fixture
async def liar() -> AsyncIterator[int]:
    """A port that answers with what is not PostgreSQL's protocol, control characters and all."""

    async def lie(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(8)
        writer.write(b"HTTP/1.1 400 Bad\r\n\x1b[31m\r\nhunter2")
        with contextlib.suppress(ConnectionError):
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(lie, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


async def test_what_is_no_database_is_told_in_one_printable_line(liar: int) -> None:
    fault = (await database.probe(f"postgresql://a:hunter2@127.0.0.1:{liar}/b")).error
    assert fault is not None
    assert fault.isprintable()
    assert "hunter2" not in fault
