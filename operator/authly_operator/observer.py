"""kopf in a thread and an event loop of its own: at its end it cancels every task around it.

What it tells crosses into the operator's loop by `call_soon_threadsafe`.
"""

import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator
from typing import Any

import kopf

from authly_operator import handlers
from authly_operator.workqueue import Key


class Ended(Exception):  # noqa: N818 - says what happened
    """kopf stopped by itself: nothing is heard of the custom resources any more."""


@contextlib.asynccontextmanager
async def observing(
    notice: handlers.Notice, namespaces: tuple[str, ...]
) -> AsyncIterator["asyncio.Future[None]"]:
    """Watch while the block runs; the future ends with `Ended` if kopf does first."""
    loop = asyncio.get_running_loop()
    ended: asyncio.Future[None] = loop.create_future()
    stop = threading.Event()

    def told(key: Key, body: dict[str, Any] | None) -> None:
        loop.call_soon_threadsafe(notice, key, body)

    def run() -> None:
        reason = "it returned"
        try:
            asyncio.run(_kopf(told, namespaces, stop))
        except BaseException as error:  # noqa: BLE001 - whatever it was, the operator must know
            reason = f"{type(error).__name__}: {error}"
        with contextlib.suppress(RuntimeError):  # the loop is closed where the process ends
            loop.call_soon_threadsafe(_end, ended, reason)

    thread = threading.Thread(target=run, name="kopf", daemon=True)
    thread.start()
    try:
        yield ended
    finally:
        stop.set()
        await asyncio.to_thread(thread.join, 5)
        ended.cancel()


def _end(ended: "asyncio.Future[None]", reason: str) -> None:
    if not ended.done():
        ended.set_exception(Ended(f"the watching of custom resources ended: {reason}"))


async def _kopf(
    notice: handlers.Notice, namespaces: tuple[str, ...], stop: threading.Event
) -> None:
    settings = handlers.settings()
    settings.scanning.disabled = bool(namespaces)
    await kopf.operator(
        registry=handlers.registry(notice),
        settings=settings,
        standalone=True,
        clusterwide=not namespaces,
        namespaces=namespaces,
        stop_flag=stop,
    )
