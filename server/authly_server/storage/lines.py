"""The lines that statements share: one more where none is idle, fewer when they are not needed.

A statement goes to the line where the fewest wait. Lines are connections of the pool, which opens
them, and gets them back when they are old, idle or wanted for a transaction.
"""

import asyncio
import operator
from typing import Final

from authly_server.storage import connections, errors
from authly_server.storage.connections import Pool
from authly_server.storage.line import Line


MOST_WAITING: Final = 20
TIDY_SECONDS: Final = 30.0
# So that a server process does not keep for ever what it once needed.
LIFETIME_SECONDS: Final = 600.0

_load = operator.attrgetter("load")


class Lines:
    """The lines of one pool, opened as they are asked for."""

    def __init__(self, pool: Pool, timeout: float) -> None:
        self._pool = pool
        self._timeout = timeout
        self._open: list[Line] = []
        self._opening: asyncio.Task[Line] | None = None
        self._returning: set[asyncio.Task[None]] = set()
        self._loop = asyncio.get_running_loop()
        self._tidying = self._loop.call_later(TIDY_SECONDS, self._tidy)

    def __len__(self) -> int:
        """How many connections are lines, are about to be, or were and are not given back yet."""
        return len(self._open) + len(self._returning) + (self._opening is not None)

    @property
    def in_use(self) -> int:
        """How many have a statement on its way."""
        return sum(line.load > 0 for line in self._open)

    def idle(self) -> Line | None:
        """A line that nobody waits for: the first, so that few are busy and the others may end."""
        for line in self._open:
            if not line.load:
                return line
        return None

    async def choose(self, deadline: float, *, may_grow: bool) -> Line:
        """The line where the fewest wait; where nobody is idle, one more is opened meanwhile.

        Raises:
            errors.Unavailable: too many wait, or there is no line by the deadline.
            psycopg.Error, PoolTimeout, TooManyRequests, PoolClosed: none can be opened.
        """
        line = min(self._open, key=_load, default=None)
        if line is None:
            return await self._first(deadline)
        if may_grow and self._opening is None:
            self._opening = self._start_opening()
        if line.load >= MOST_WAITING:
            message = "too many wait for the database"
            raise errors.Unavailable(message)
        return line

    def yield_one(self) -> None:
        """Give the connection of the least busy line back, as soon as that is through."""
        line = min(self._open, key=_load, default=None)
        if line is not None:
            self._retire(line)

    async def close(self) -> None:
        """Give every connection back; what is not answered by now is not any more."""
        self._tidying.cancel()
        if self._opening is not None:
            self._opening.cancel()
            await asyncio.wait({self._opening})
        for line in tuple(self._open):
            line.end("the server stops")
        if self._returning:
            await asyncio.wait(self._returning)

    async def _first(self, deadline: float) -> Line:
        """A line where there was none; all who come meanwhile wait for the same one."""
        if self._opening is None:
            self._opening = self._start_opening()
        opening = self._opening
        await asyncio.wait({opening}, timeout=deadline - self._loop.time())
        if not opening.done():
            message = "no connection in time"
            raise errors.Unavailable(message)
        return opening.result()

    def _start_opening(self) -> asyncio.Task[Line]:
        opening = self._loop.create_task(self._add(), name="authly-line")
        opening.add_done_callback(self._opened)
        return opening

    async def _add(self) -> Line:
        deadline = self._loop.time() + self._timeout
        connection = await connections.take(self._pool, deadline)
        line = Line(connection, self._ended)
        self._open.append(line)
        return line

    def _opened(self, opening: asyncio.Task[Line]) -> None:
        self._opening = None
        if not opening.cancelled():
            opening.exception()  # looked at, for maybe nobody waits for this line

    def _retire(self, line: Line) -> None:
        self._open.remove(line)
        line.retire()

    def _ended(self, line: Line) -> None:
        """The connection goes back to the pool, which opens another one if this one is broken."""
        if line in self._open:
            self._open.remove(line)
        returning = self._loop.create_task(self._give_back(line))
        self._returning.add(returning)
        returning.add_done_callback(self._returning.discard)

    async def _give_back(self, line: Line) -> None:
        if not line.is_sound:
            await line.connection.close()
        await self._pool.putconn(line.connection)

    def _tidy(self) -> None:
        """Give back what nobody has used since the last time, and what is old."""
        oldest = self._loop.time() - LIFETIME_SECONDS
        for line in tuple(self._open):
            if not line.was_used or line.opened_at < oldest:
                self._retire(line)
            line.was_used = False
        self._tidying = self._loop.call_later(TIDY_SECONDS, self._tidy)
