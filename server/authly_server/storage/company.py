"""Statements that are asked for in the same turn of the loop, and share a transaction.

A commit is a third of what a row costs PostgreSQL, and to be woken up for it another. Under load
several requests arrive in the same turn of the loop, each of which changes a row of its own: these
go together. Each of them locks one row that others may want, and goes in the order of those rows,
so that no two transactions ever wait for each other.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from authly_server.storage.line import Line
from authly_server.storage.sending import Errand


MOST_TOGETHER: Final = 8
"""So that nobody waits for long, and the row of none is locked for long."""


class Company:
    """Gathers statements; `idle` answers a line at once, if there is one that nobody waits for.

    `choose` waits for another one until a deadline, and may raise what opening it raises.
    """

    def __init__(
        self, idle: Callable[[], Line | None], choose: Callable[[float], Awaitable[Line]]
    ) -> None:
        self._idle = idle
        self._choose = choose
        self._gathered: list[tuple[bytes, Errand]] = []
        self._delayed: set[asyncio.Task[None]] = set()

    def add(self, row: bytes, errand: Errand) -> None:
        """Let it go with the others of this turn; `row` is the one that it locks."""
        self._gathered.append((row, errand))
        if len(self._gathered) == 1:
            asyncio.get_running_loop().call_soon(self._set_out)

    def _set_out(self) -> None:
        gathered, self._gathered = self._gathered, []
        gathered.sort(key=_row)
        for first in range(0, len(gathered), MOST_TOGETHER):
            errands = [errand for _, errand in gathered[first : first + MOST_TOGETHER]]
            line = self._idle()
            if line is None:
                self._delay(errands)
            else:
                line.send(errands)

    def _delay(self, errands: list[Errand]) -> None:
        task = asyncio.get_running_loop().create_task(self._send(errands), name="authly-company")
        self._delayed.add(task)
        task.add_done_callback(self._delayed.discard)

    async def _send(self, errands: list[Errand]) -> None:
        try:
            line = await self._choose(errands[0].deadline)
        except Exception as error:  # noqa: BLE001  # raised by everyone who waits
            for errand in errands:
                errand.fail(error)
        else:
            line.send(errands)


def _row(gathered: tuple[bytes, Errand]) -> bytes:
    return gathered[0]
