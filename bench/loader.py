"""The load: so many requests over so many keep-alive connections, as cheap to make as can be."""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass


CONNECTIONS = 16


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back; header names are in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes


Next = Callable[[int, Answer | None], bytes | None]
"""Takes a connection's number and its last answer; answers the next request, None for the end."""


async def run(port: int, make: Next, connections: int = CONNECTIONS) -> list[Answer]:
    """Send what `make` answers on each connection until it answers None; every last answer.

    Raises:
        ValueError: an answer is no HTTP/1.1 response with a length.
    """
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(_converse(port, make, number)) for number in range(connections)]
    return [answer for task in tasks for answer in task.result()]


async def _converse(port: int, make: Next, number: int) -> list[Answer]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    answers: list[Answer] = []
    request = make(number, None)
    while request is not None:
        writer.write(request)
        answers.append(await _read(reader))
        request = make(number, answers[-1])
    writer.close()
    return answers


async def _read(reader: asyncio.StreamReader) -> Answer:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    headers = dict(_headers(head[1:]))
    length = int(headers.get("content-length", "0"))
    body = await reader.readexactly(length) if length else b""
    return Answer(int(head[0].split(" ")[1]), headers, body)


def _headers(lines: list[str]) -> Iterator[tuple[str, str]]:
    for line in lines:
        name, colon, value = line.partition(":")
        if colon:
            yield name.lower(), value.strip()


def request(method: str, path: str, body: bytes = b"", **headers: str) -> bytes:
    """One HTTP/1.1 request; underscores in header names are written as hyphens."""
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    if body:
        lines += [
            "Content-Type: application/x-www-form-urlencoded",
            f"Content-Length: {len(body)}",
        ]
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + body
