"""A fetcher for tests: names that answer as they are told, and time that stands still."""

import contextlib
import ipaddress
import json
import time
from collections.abc import AsyncIterator, Sequence

from authly_server.outbound import fetcher
from authly_server.outbound.fetcher import Fetcher, Rules
from throwaway.publisher import Publisher


LOOPBACK = (ipaddress.ip_network("127.0.0.0/8"),)
DOCUMENT = json.dumps({"keys": []}).encode()
LIMIT = 5 * 1024
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


class Names:
    """A resolver of names that answers as it is told, one answer after the other."""

    def __init__(self, *answers: Sequence[str]) -> None:
        self.answers = list(answers)
        self.asked: list[str] = []

    async def __call__(self, name: str) -> Sequence[str]:
        self.asked.append(name)
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


class Stopwatch:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def rules(host: Publisher, **changes: object) -> Rules:
    given = {"allowed_networks": LOOPBACK, "ports": (host.port,), "seconds": 1.0} | changes
    return Rules(**given)  # type: ignore[arg-type]  # names of its fields


@contextlib.asynccontextmanager
async def fetching(
    host: Publisher, names: Names | None = None, clock: Stopwatch | None = None, **changes: object
) -> AsyncIterator[Fetcher]:
    async with fetcher.opened(
        rules(host, **changes),
        fetcher.trust(str(host.authority)),
        lookup=names or Names(["127.0.0.1"]),
        monotonic=clock or time.monotonic,
    ) as opened:
        yield opened
