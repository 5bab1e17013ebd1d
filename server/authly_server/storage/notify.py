"""One connection that listens for changes of clients and scopes, for as long as the server runs."""

import asyncio
import contextlib
from collections.abc import Callable

import psycopg
from psycopg import conninfo


CHANNEL = "authly_changed"
_FIRST_DELAY, _LONGEST_DELAY = 0.1, 5.0
_PROOF_OF_LIFE_EVERY = 15.0


class Listener:
    """Calls `on_change(payload)` for each notification and `on_connect()` after each connect.

    What was announced while the connection was down is lost: `on_connect` has to assume the worst.
    """

    def __init__(
        self, url: str, *, on_change: Callable[[str], None], on_connect: Callable[[], None]
    ) -> None:
        self._url = conninfo.make_conninfo(
            url,
            connect_timeout=5,
            application_name="authly-server listener",
            tcp_user_timeout=int(_PROOF_OF_LIFE_EVERY * 1000),
        )
        self._on_change = on_change
        self._on_connect = on_connect
        self._task: asyncio.Task[None] | None = None
        self.is_listening = False

    def start(self) -> None:
        """Begin listening in the background."""
        self._task = asyncio.create_task(self._run(), name="authly-listener")

    async def close(self) -> None:
        """Stop listening."""
        if self._task is None:
            return
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task
        self._task = None

    async def _run(self) -> None:
        delay = _FIRST_DELAY
        while True:
            with contextlib.suppress(psycopg.Error, TimeoutError):
                async with await self._connect() as connection:
                    delay = _FIRST_DELAY
                    await self._listen(connection)
            self.is_listening = False
            await asyncio.sleep(delay)
            delay = min(delay * 2, _LONGEST_DELAY)

    async def _connect(self) -> psycopg.AsyncConnection[tuple[object, ...]]:
        return await psycopg.AsyncConnection.connect(self._url, autocommit=True)

    async def _listen(self, connection: psycopg.AsyncConnection[tuple[object, ...]]) -> None:
        await connection.execute(f"LISTEN {CHANNEL}")
        self._on_connect()
        self.is_listening = True
        while True:
            async for notification in connection.notifies(timeout=_PROOF_OF_LIFE_EVERY):
                self._on_change(notification.payload)
            async with asyncio.timeout(_PROOF_OF_LIFE_EVERY):
                await connection.execute("SELECT 1")
