"""Requests for tokens at a steady pace, from a thread of their own; every answer is recorded."""

import asyncio
import concurrent.futures
import contextlib
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import aiohttp
from tests.e2e.instance import Application, Instance


PER_SECOND = 8.0
MOST_SECONDS = 240.0
MOST_REQUESTS = 4000
TIMEOUT_SECONDS = 15.0


@dataclass(frozen=True, slots=True)
class Answer:
    """One request; `status` is None where no answer came, and `said` then why."""

    asked: float
    """When, by time.monotonic()."""
    seconds: float
    """How long the answer took."""
    kept_alive: bool
    """Whether the connection was meant for more than this request."""
    status: int | None
    said: str = ""
    retry_after: str | None = None
    expires_in: int | None = None


@dataclass
class Load:
    """What was answered so far."""

    answers: list[Answer] = field(default_factory=list)

    @property
    def failed(self) -> list[Answer]:
        """Requests that got no token."""
        return [each for each in self.answers if each.status != 200]

    @property
    def slowest(self) -> float:
        """Seconds."""
        return max(each.seconds for each in self.answers)

    def since(self, moment: float) -> list[Answer]:
        """Requests that began after that time.monotonic()."""
        return [each for each in tuple(self.answers) if each.asked >= moment]


@contextlib.contextmanager
def running(instance: Instance, per_second: float = PER_SECOND) -> Iterator[Load]:
    """Ask for tokens twice at that pace, by new connections and by kept ones, in the block.

    It ends by itself after MOST_SECONDS or MOST_REQUESTS.
    """
    load, stop, client = Load(), threading.Event(), instance.machine
    with concurrent.futures.ThreadPoolExecutor(1, "load") as thread:
        work = thread.submit(
            lambda: asyncio.run(_send(instance, client, load, stop, 1 / per_second))
        )
        try:
            yield load
        finally:
            stop.set()
            work.result(TIMEOUT_SECONDS * 2)


async def _send(
    instance: Instance, client: Application, load: Load, stop: threading.Event, pause: float
) -> None:
    timeout, ends = aiohttp.ClientTimeout(total=TIMEOUT_SECONDS), time.monotonic() + MOST_SECONDS
    headers = {"Authorization": aiohttp.encode_basic_auth(*client.basic)}
    fresh = aiohttp.TCPConnector(ssl=instance.trust, force_close=True)
    kept = aiohttp.TCPConnector(ssl=instance.trust, limit=8)
    async with (
        aiohttp.ClientSession(connector=fresh, timeout=timeout, headers=headers) as new,
        aiohttp.ClientSession(connector=kept, timeout=timeout, headers=headers) as old,
        asyncio.TaskGroup() as asking,
    ):
        while not stop.is_set() and time.monotonic() < ends and len(load.answers) < MOST_REQUESTS:
            asking.create_task(_ask(new, instance.issuer, load, False))
            asking.create_task(_ask(old, instance.issuer, load, True))
            await asyncio.sleep(pause)


async def _ask(session: aiohttp.ClientSession, issuer: str, load: Load, kept: bool) -> None:
    form = {"grant_type": "client_credentials", "scope": "orders:read"}
    asked = time.monotonic()
    try:
        async with session.post(f"{issuer}/token", data=form) as answer:
            told = await answer.json(content_type=None)
            load.answers.append(
                Answer(
                    asked=asked,
                    seconds=time.monotonic() - asked,
                    kept_alive=kept,
                    status=answer.status,
                    said=str(told.get("error", "")),
                    retry_after=answer.headers.get("Retry-After"),
                    expires_in=told.get("expires_in"),
                )
            )
    except (aiohttp.ClientError, TimeoutError, ValueError) as error:
        said = f"{type(error).__name__}: {error}"
        load.answers.append(Answer(asked, time.monotonic() - asked, kept, None, said))
