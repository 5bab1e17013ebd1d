"""kopf in a thread and event loops of its own: at its end it cancels every task around it.

What it tells crosses into the operator's loop by `call_soon_threadsafe`. It ends for good where the
API server refuses or forgets something while it watches, such as a right, a page or a definition.
Then it is begun anew, and tells of everything that there is.
"""

import asyncio
import contextlib
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any, Final

import kopf

from authly_operator import handlers, telemetry
from authly_operator.cluster import errors
from authly_operator.workqueue import Key


AGAIN_SECONDS: Final = (1.0, 2.0, 5.0, 10.0)
"""Between the end of a watching and the next one, by how many ended since one that lasted."""
LASTING_SECONDS: Final = 120.0
LOOK_SECONDS: Final = 10.0
"""How soon a definition that came or went is noticed."""
GRACE_SECONDS: Final = 10.0
"""How long kopf may take to end: it gives its own tasks five."""
CANCELLATIONS: Final = 3
ANSWER_SECONDS: Final = 120.0
"""How long the operator's own loop may take to ask which kinds there are."""

Kinds = Callable[[], Awaitable[frozenset[str]]]
"""Answers which of our kinds the API server serves."""
log = telemetry.logger(__name__)


class Ended(Exception):  # noqa: N818 - says what happened
    """The watching ended for a reason that no second try can mend."""


@dataclass(slots=True)
class _Control:
    """What the two threads tell each other."""

    stop: threading.Event = field(default_factory=threading.Event)
    """Set where nothing is to be watched any more."""
    over: threading.Event = field(default_factory=threading.Event)
    """Set where the present watching is to end, or has ended."""
    asked: bool = False
    """Whether it was somebody here who ended it."""
    served: frozenset[str] = frozenset()
    """The kinds that there were when the present watching began."""

    def renew(self) -> None:
        """Let the present watching end, and another one begin."""
        self.asked = True
        self.over.set()

    def end(self) -> None:
        self.stop.set()
        self.renew()


@contextlib.asynccontextmanager
async def observing(
    notice: handlers.Notice, namespaces: tuple[str, ...], kinds: Kinds
) -> AsyncIterator["asyncio.Future[None]"]:
    """Watch while the block runs; the future ends with `Ended` where that is over before."""
    loop = asyncio.get_running_loop()
    ended: asyncio.Future[None] = loop.create_future()
    control = _Control()

    def told(key: Key, body: dict[str, Any] | None) -> None:
        loop.call_soon_threadsafe(notice, key, body)

    def once() -> None:
        asked = asyncio.run_coroutine_threadsafe(_ours(kinds), loop)
        control.served = asked.result(ANSWER_SECONDS)
        if control.served:
            _run(_kopf(told, namespaces, control.over))
        else:
            control.over.wait(LOOK_SECONDS)

    def run() -> None:
        try:
            _repeat(control, once)
        except BaseException as error:  # noqa: BLE001 - whatever it was, the operator must know
            with contextlib.suppress(RuntimeError):  # the loop is closed where the process ends
                loop.call_soon_threadsafe(_end, ended, f"{type(error).__name__}: {error}")

    thread = threading.Thread(target=run, name="kopf", daemon=True)
    thread.start()
    looking = asyncio.create_task(_look(kinds, control))
    try:
        yield ended
    finally:
        looking.cancel()
        control.end()
        await asyncio.to_thread(thread.join, 5)
        ended.cancel()


def _end(ended: "asyncio.Future[None]", reason: str) -> None:
    if not ended.done():
        ended.set_exception(Ended(f"the watching of custom resources ended: {reason}"))


def _repeat(control: _Control, once: Callable[[], None]) -> None:
    """Watch until the end, again and again."""
    failures = 0
    while not control.stop.is_set():
        began, reason = time.monotonic(), _reason(control, once)
        if reason is None:
            continue
        failures = 1 if time.monotonic() - began > LASTING_SECONDS else failures + 1
        seconds = AGAIN_SECONDS[min(failures, len(AGAIN_SECONDS)) - 1]
        log.warning("watching_ended", reason=reason, again_in_seconds=seconds)
        control.stop.wait(seconds)


def _reason(control: _Control, once: Callable[[], None]) -> str | None:
    """Watch, and answer why that ended; None where it was asked to."""
    control.over.clear()
    control.asked = False
    if control.stop.is_set():
        return None
    try:
        once()
    except Exception as error:  # noqa: BLE001 - kopf raises whatever the API server says
        return f"{type(error).__name__}: {error}"
    return None if control.asked or not control.served else "it returned"


async def _ours(kinds: Kinds) -> frozenset[str]:
    return (await kinds()) & frozenset(handlers.KINDS.values())


async def _look(kinds: Kinds, control: _Control) -> None:
    """Begin anew where other kinds are served than when the watching began."""
    while True:
        await asyncio.sleep(LOOK_SECONDS)
        try:
            now = await _ours(kinds)
        except errors.ClusterError as error:
            log.debug("kinds_unknown", reason=str(error))
            continue
        if now != control.served:
            log.info("kinds_changed", served=sorted(now))
            control.renew()


async def _kopf(
    notice: handlers.Notice, namespaces: tuple[str, ...], over: threading.Event
) -> None:
    """Watch until `over` is set, or kopf ends.

    It waits for the event in a thread, which the loop waits for in the end: set it in any case.
    """
    ending = asyncio.Event()
    watching = asyncio.ensure_future(_watch(notice, namespaces, over, ending.set))
    end = asyncio.ensure_future(ending.wait())
    try:
        await asyncio.wait({watching, end}, return_when=asyncio.FIRST_COMPLETED)
        await asyncio.wait({watching}, timeout=GRACE_SECONDS)
    finally:
        over.set()
    if not watching.done():
        raise Ended("kopf does not come to its end")  # noqa: EM101
    watching.result()


async def _watch(
    notice: handlers.Notice,
    namespaces: tuple[str, ...],
    over: threading.Event,
    ending: Callable[[], object],
) -> None:
    await kopf.operator(
        registry=handlers.registry(notice, ending),
        settings=handlers.settings(),
        standalone=True,
        clusterwide=not namespaces,
        namespaces=namespaces,
        stop_flag=over,
    )


def _run(work: Coroutine[Any, Any, None]) -> None:
    """Run it in a loop of its own, and leave behind what does not end: kopf may wait for ever."""
    loop = asyncio.new_event_loop()
    try:
        loop.run_until_complete(work)
    finally:
        for _ in range(CANCELLATIONS):
            if tasks := asyncio.all_tasks(loop):
                for task in tasks:
                    task.cancel()
                loop.run_until_complete(asyncio.wait(tasks, timeout=1))
        loop.run_until_complete(loop.shutdown_default_executor())
        loop.close()
