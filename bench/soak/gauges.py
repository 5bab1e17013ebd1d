"""What must not grow: memory, open files and threads of a process, connections to PostgreSQL."""

import asyncio
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import psycopg

from bench.cpu import Meter, resident_megabytes
from throwaway.postgres import Cluster
from throwaway.server import Server


_CONNECTIONS = "SELECT count(*) FROM pg_stat_activity WHERE datname = 'soak'"


@dataclass(frozen=True, slots=True)
class Sample:
    """One look: seconds since the start, and what was in use then; CPU in milliseconds so far."""

    seconds: float
    megabytes: float
    files: int
    threads: int
    connections: int | None
    cpu: float


def look(server: Server, cluster: Cluster, started: float) -> Sample:
    """Read it all; connections are None while the database is away."""
    process = Path(f"/proc/{server.process_id}")
    return Sample(
        time.monotonic() - started,
        resident_megabytes(server.process_id),
        len(list((process / "fd").iterdir())),
        len(list((process / "task").iterdir())),
        _connections(cluster),
        Meter((server.process_id,)).milliseconds(),
    )


def _connections(cluster: Cluster) -> int | None:
    try:
        with psycopg.connect(cluster.superuser_url, connect_timeout=2) as connection:
            row = connection.execute(_CONNECTIONS).fetchone()
    except psycopg.OperationalError:
        return None
    return None if row is None else int(row[0])


async def watch(
    server: Server, cluster: Cluster, every: float, samples: list[Sample], until: asyncio.Event
) -> None:
    """Add a sample `every` so many seconds."""
    started = time.monotonic()
    while not until.is_set():
        samples.append(await asyncio.to_thread(look, server, cluster, started))
        await asyncio.sleep(every)


def growth(samples: list[Sample]) -> tuple[float, float, float]:
    """Megabytes, files and threads that the last third has more than the middle one, by medians."""
    third = len(samples) // 3
    middle, last = samples[third : 2 * third], samples[2 * third :]
    if not middle:
        return 0.0, 0.0, 0.0
    return (
        median(s.megabytes for s in last) - median(s.megabytes for s in middle),
        median(s.files for s in last) - median(s.files for s in middle),
        median(s.threads for s in last) - median(s.threads for s in middle),
    )
