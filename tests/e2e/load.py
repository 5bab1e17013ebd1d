"""Requests at a steady pace, from a thread of their own; every answer is recorded."""

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
class Question:
    """A form that a client posts."""

    path: str
    form: dict[str, str]
    client: Application


@dataclass(frozen=True, slots=True)
class Answer:
    """One request; `status` is None where no answer came, and `said` then why."""

    path: str
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
        """Requests that did not get what they asked for."""
        return [each for each in self.answers if each.status != 200]

    @property
    def slowest(self) -> float:
        """Seconds."""
        return max(each.seconds for each in self.answers)

    def since(self, moment: float) -> list[Answer]:
        """Requests that began after that time.monotonic()."""
        return [each for each in tuple(self.answers) if each.asked >= moment]


def for_tokens(instance: Instance) -> Question:
    """The machine client asks for a token, which the server answers without its database."""
    form = {"grant_type": "client_credentials", "scope": "orders:read"}
    return Question("/token", form, instance.machine)


def for_introspection(instance: Instance, token: str) -> Question:
    """The web client asks what a token is worth, which the database alone knows."""
    return Question("/introspect", {"token": token}, instance.web)


@contextlib.contextmanager
def running(
    instance: Instance, *questions: Question, per_second: float = PER_SECOND
) -> Iterator[Load]:
    """Ask each question twice at that pace, by new connections and by kept ones, in the block.

    It ends by itself after MOST_SECONDS or MOST_REQUESTS.
    """
    load, stop = Load(), threading.Event()
    with concurrent.futures.ThreadPoolExecutor(1, "load") as thread:
        work = thread.submit(
            lambda: asyncio.run(_send(instance, questions, load, stop, 1 / per_second))
        )
        try:
            yield load
        finally:
            stop.set()
            work.result(TIMEOUT_SECONDS * 2)


async def _send(
    instance: Instance,
    questions: tuple[Question, ...],
    load: Load,
    stop: threading.Event,
    pause: float,
) -> None:
    timeout, ends = aiohttp.ClientTimeout(total=TIMEOUT_SECONDS), time.monotonic() + MOST_SECONDS
    fresh = aiohttp.TCPConnector(ssl=instance.trust, force_close=True)
    kept = aiohttp.TCPConnector(ssl=instance.trust, limit=0)
    async with (
        aiohttp.ClientSession(instance.issuer, connector=fresh, timeout=timeout) as new,
        aiohttp.ClientSession(instance.issuer, connector=kept, timeout=timeout) as old,
        asyncio.TaskGroup() as asking,
    ):
        while not stop.is_set() and time.monotonic() < ends and len(load.answers) < MOST_REQUESTS:
            for question in questions:
                asking.create_task(_ask(new, question, load, False))
                asking.create_task(_ask(old, question, load, True))
            await asyncio.sleep(pause)


async def _ask(session: aiohttp.ClientSession, question: Question, load: Load, kept: bool) -> None:
    headers = {"Authorization": aiohttp.encode_basic_auth(*question.client.basic)}
    asked, path = time.monotonic(), question.path
    try:
        async with session.post(path, data=question.form, headers=headers) as answer:
            told = await answer.json(content_type=None)
            load.answers.append(
                Answer(
                    path=path,
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
        load.answers.append(Answer(path, asked, time.monotonic() - asked, kept, None, said))
