"""Buckets in Redis, the same ones for every process and replica.

One task owns the one connection: whatever is asked while an answer is awaited goes out together
next, so that a flood costs few round trips. A Redis that is gone costs a request at most twice
`TIMEOUT` seconds; from then on nobody waits for it until it was seen to answer again.
"""

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from authly_server import telemetry
from authly_server.limits.rate import Bucket, Refusal
from authly_server.limits.store import Lost


TIMEOUT: Final = 0.05
# To connect takes several round trips, and is done where nobody waits.
CONNECT_TIMEOUT: Final = 1.0
CONNECT_EVERY: Final = 1.0
MOST_WAITING: Final = 1_000
MOST_AT_ONCE: Final = 100
_SCRIPT: Final = Path(__file__).with_name("count.lua")
_FAILURES: Final = (RedisError, OSError, TimeoutError)
_log = telemetry.logger(__name__)

_Question = tuple[tuple[str | int, ...], "asyncio.Future[Any]"]


class Shared:
    """The store of all replicas; every method of `Store` may raise Lost.

    `prefix` begins every key; `on_change` is told whether Redis answers now.
    """

    def __init__(self, url: str, *, prefix: str, on_change: Callable[[bool], None]) -> None:
        """Connect to nothing yet.

        Raises:
            ValueError: the URL cannot be read.
        """
        self._redis: Redis = Redis.from_url(
            url,
            socket_timeout=CONNECT_TIMEOUT,
            socket_connect_timeout=CONNECT_TIMEOUT,
            # A second attempt would find the same, later.
            retry=Retry(NoBackoff(), 0),
            client_name="authly-server",
        )
        self._prefix = prefix
        self._on_change = on_change
        self._script = ""
        self._waiting: list[_Question] = []
        self._bell = asyncio.Event()
        self.is_answering = False

    async def run(self) -> None:
        """Connect, answer until Redis is lost, and so on until cancelled."""
        is_told = False
        try:
            while True:
                reason = await self._connect()
                if reason is None:
                    reason, is_told = await self._serve(), False
                if not is_told:
                    _log.warning("limits are counted by each process alone", redis=reason)
                is_told = True
                await asyncio.sleep(CONNECT_EVERY)
        finally:
            self._become(False)
            with contextlib.suppress(*_FAILURES):
                await self._redis.aclose()

    async def take(self, buckets: Sequence[Bucket]) -> Refusal | None:
        """Take one from each bucket; where one of them is empty, from none."""
        refused, microseconds = await self._count(1, buckets)
        return Refusal(buckets[refused - 1], microseconds) if refused else None

    async def give_back(self, buckets: Sequence[Bucket]) -> None:
        """Undo one `take`."""
        await self._count(-1, buckets)

    async def forget(self, buckets: Sequence[Bucket]) -> None:
        """Fill each bucket up."""
        await self._ask("DEL", *self._keys(buckets))

    async def _count(self, sign: int, buckets: Sequence[Bucket]) -> Any:
        rates = [number for each in buckets for number in (each.rate.interval, each.rate.burst)]
        keys = self._keys(buckets)
        return await self._ask("EVALSHA", self._script, len(keys), *keys, sign, *rates)

    async def _ask(self, *words: str | int) -> Any:
        if not self.is_answering or len(self._waiting) >= MOST_WAITING:
            raise Lost
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._waiting.append((words, answer))
        self._bell.set()
        return await answer

    def _keys(self, buckets: Sequence[Bucket]) -> list[str]:
        return [self._prefix + each.key for each in buckets]

    async def _connect(self) -> str | None:
        """Why Redis is not to be used; None if it is."""
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT):
                # An answer that came too late must not be taken for another one's.
                await self._redis.connection_pool.disconnect()
                self._script = str(await self._redis.script_load(_SCRIPT.read_text("utf-8")))
        except _FAILURES as error:
            return _reason(error)
        return None

    async def _serve(self) -> str:
        """Answer questions until that fails; why it did."""
        self._become(True)
        _log.info("limits are shared by Redis")
        while True:
            await self._bell.wait()
            asked, self._waiting = self._waiting[:MOST_AT_ONCE], self._waiting[MOST_AT_ONCE:]
            if not self._waiting:
                self._bell.clear()
            try:
                async with asyncio.timeout(TIMEOUT):
                    await self._exchange(asked)
            except _FAILURES as error:
                self._become(False)
                return _reason(error)
            finally:
                _release(asked)

    async def _exchange(self, asked: Sequence[_Question]) -> None:
        pipeline = self._redis.pipeline(transaction=False)
        for words, _ in asked:
            pipeline.execute_command(*words)
        for (_, future), answer in zip(asked, await pipeline.execute(), strict=True):
            if not future.done():  # whoever asked may have gone
                future.set_result(answer)

    def _become(self, is_answering: bool) -> None:
        self.is_answering = is_answering
        self._on_change(is_answering)
        if not is_answering:
            _release(self._waiting)
            self._waiting = []


def _release(questions: Sequence[_Question]) -> None:
    """Let whoever waits count elsewhere."""
    for _, answer in questions:
        if not answer.done():
            answer.set_exception(Lost)


def _reason(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}".rstrip(": ")
