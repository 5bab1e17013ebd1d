"""What goes wrong meanwhile: the database restarts or crashes, a process ends or is killed."""

import asyncio
import itertools
from collections.abc import Callable

from bench.soak.ledger import Ledger
from throwaway.postgres import Cluster
from throwaway.server import Server


async def disturb_database(
    cluster: Cluster, every: float, ledger: Ledger, until: asyncio.Event
) -> None:
    """Take the database away for two seconds, `every` so many seconds, in either way by turns."""
    ways: dict[str, Callable[[], None]] = {
        "database restarted": cluster.stop,
        "database crashed": cluster.crash,
    }
    for what in itertools.cycle(ways):
        if await _over(until, every):
            return
        await asyncio.to_thread(ways[what])
        ledger.saw(what)
        await asyncio.sleep(2)
        await asyncio.to_thread(cluster.start)


async def disturb_process(
    server: Server, every: float, ledger: Ledger, until: asyncio.Event
) -> None:
    """Take one process away and start it again, asked to end and killed by turns."""
    ways: dict[str, Callable[[], object]] = {
        "process asked to end": server.stop,
        "process killed": server.kill,
    }
    for what in itertools.cycle(ways):
        if await _over(until, every):
            return
        await asyncio.to_thread(ways[what])
        ledger.saw(what)
        await asyncio.sleep(1)
        # Ready it becomes when the database is there; it listens without it.
        await asyncio.to_thread(lambda: server.start(until="/health/live"))


async def _over(until: asyncio.Event, seconds: float) -> bool:
    try:
        await asyncio.wait_for(until.wait(), seconds)
    except TimeoutError:
        return False
    return True
