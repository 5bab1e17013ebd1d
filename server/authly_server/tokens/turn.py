"""Signatures made and verified one right after the other, at the end of the loop's turn.

What computes a signature reads 150 KB of tables and as much code again. Between two requests the
interpreter has pushed that out of the processor's caches, and then it takes nearly twice as long;
the interpreter, pushed out in its turn, is slower as well. Under load several requests arrive in
the same turn of the loop: they wait for its end, and the first of them pays for all.
"""

import asyncio
from collections.abc import Callable
from typing import Any, TypeVar


T = TypeVar("T")


class Turn:
    """What waits for the end of this turn; made in the order in which it was asked for."""

    def __init__(self) -> None:
        self._waiting: list[tuple[Callable[[], Any], asyncio.Future[Any]]] = []

    async def run(self, compute: Callable[[], T]) -> T:
        """What `compute` answers, or raises; it does nothing but compute."""
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[T] = loop.create_future()
        self._waiting.append((compute, answer))
        if len(self._waiting) == 1:
            loop.call_soon(self._end)
        return await answer

    def _end(self) -> None:
        waiting, self._waiting = self._waiting, []
        for compute, answer in waiting:
            if not answer.done():  # whoever asked may have gone
                _settle(compute, answer)


def _settle(compute: Callable[[], T], answer: asyncio.Future[T]) -> None:
    try:
        answer.set_result(compute())
    except Exception as error:  # noqa: BLE001  # raised by whoever asked
        answer.set_exception(error)
