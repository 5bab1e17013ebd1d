"""`python -m bench.size`: a large database is backed up and restored while an instance serves.

USERS and FAMILIES of the environment say how large. What is run are the program's own commands.
"""

import contextlib
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import psycopg

from bench import fill
from bench.__main__ import DURABLE, tokens
from bench.cases import Material
from bench.cpu import Meter
from bench.scale import Stopwatch, measure_latency
from throwaway import instance as instances, postgres
from throwaway.instance import Instance


USERS = int(os.environ.get("USERS", "1_000_000"))
FAMILIES = int(os.environ.get("FAMILIES", "5_000_000"))
QUIET_REQUESTS = 1000
ROUND, PAUSE = 100, 2.0
"""Requests of a round, and seconds between rounds: an instance that has something to do."""
MANAGED = {
    "checkpoint_completion_target": "0.9",
    "maintenance_work_mem": "64MB",
    "max_wal_size": "1GB",
    "shared_buffers": "128MB",
    "wal_buffers": "4MB",
}
"""As the operator starts a database of its own by default."""


@dataclass(frozen=True, slots=True)
class Run:
    """A command that has ended: seconds on the clock and of CPU, and its memory at most."""

    seconds: float
    cpu_seconds: float
    megabytes: float


@dataclass(frozen=True, slots=True)
class Load:
    """What refreshing took, in milliseconds: as clients see it, and of the server's CPU."""

    requests: int
    p50: float
    p99: float
    cpu: float

    def told(self) -> str:
        """For people."""
        return (
            f"{self.requests} requests, p50 {self.p50:.1f} ms, p99 {self.p99:.1f} ms,"
            f" {self.cpu:.2f} ms of the server's CPU each"
        )


def main() -> int:
    """Measure and print."""
    with (
        contextlib.closing(postgres.create(**DURABLE, **MANAGED)) as cluster,
        tempfile.TemporaryDirectory(prefix="authly-size-") as place,
        instances.running(
            cluster.create_database("large"), RATE_LIMIT_ENABLED="false", LOG_LEVEL="warning"
        ) as instance,
    ):
        _measure(cluster, instance, Path(place))
    return 0


def _measure(cluster: postgres.Cluster, instance: Instance, place: Path) -> None:
    material = tokens(instance)
    seconds = fill.fill(cluster, "large", users=USERS, families=FAMILIES)
    _say(f"filled in {seconds:.0f} s: {USERS} users, {FAMILIES} refresh families")
    _say(f"database: {_size(cluster, 'large'):.0f} MB")
    measure_latency(instance, material, 500)
    before = _load(instance, material, threading.Event(), QUIET_REQUESTS)
    _say(f"quiet: {before.told()}")
    environment = {"BACKUP_DIRECTORY": str(place), "BACKUP_NAME": "large"}
    for command, database in (("backup", "large"), ("restore", "restored")):
        given = {**environment, "DATABASE_URL": cluster.url(database), "RESTORE_ID": "size"}
        with _beside(instance, material) as meanwhile:
            run = _run(command, given)
        _say(f"{command}: {run.seconds:.0f} s, {run.cpu_seconds:.0f} s of CPU without PostgreSQL's")
        _say(f"{command}: {run.megabytes:.0f} MB of memory at most")
        (load,) = meanwhile
        _say(f"meanwhile: {load.told()}; p50 is {load.p50 / before.p50:.1f} times the quiet one")
    _say(f"backup: {sum(one.stat().st_size for one in place.glob('*.gz')) / 1e6:.0f} MB")
    _say(f"restored database: {_size(cluster, 'restored'):.0f} MB")
    _check(cluster)


@contextlib.contextmanager
def _beside(instance: Instance, material: Material) -> Iterator[list[Load]]:
    """Refresh beside what happens in the block; the list has the figures when that is over."""
    over, found = threading.Event(), list[Load]()
    load = threading.Thread(target=lambda: found.append(_load(instance, material, over, None)))
    load.start()
    try:
        yield found
    finally:
        over.set()
        load.join()


def _load(
    instance: Instance, material: Material, over: threading.Event, requests: int | None
) -> Load:
    """So many requests, or as many as it takes until something is over."""
    meter, watch = Meter((instance.server.process_id,)), Stopwatch()
    begun = meter.milliseconds()
    while not over.is_set() and (requests is None or len(watch.milliseconds) < requests):
        watch.milliseconds += measure_latency(instance, material, ROUND).milliseconds
        over.wait(PAUSE)
    count = len(watch.milliseconds)
    cpu = (meter.milliseconds() - begun) / count
    return Load(count, watch.percentile(0.5), watch.percentile(0.99), cpu)


def _run(command: str, settings: Mapping[str, str]) -> Run:
    environment = {**os.environ, **settings, "RESTORE_SAFETY_BACKUP": "false"}
    environment["PATH"] = f"{postgres.PROGRAMS}:{environment['PATH']}"
    started = time.monotonic()
    process = subprocess.Popen(  # noqa: S603 - our own argv
        [sys.executable, "-m", "authly_server", command], env=environment, stdout=subprocess.DEVNULL
    )
    _, status, used = os.wait4(process.pid, 0)
    if status:
        message = f"{command} failed"
        raise RuntimeError(message)
    return Run(time.monotonic() - started, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)


def _size(cluster: postgres.Cluster, database: str) -> float:
    return _number(cluster, database, "SELECT pg_database_size(current_database())") / 1e6


def _check(cluster: postgres.Cluster) -> None:
    """What came back is all that was written, but for what the load did meanwhile."""
    for table, rows in (("users", USERS), ("grants", FAMILIES), ("tokens", FAMILIES)):
        found = _number(cluster, "restored", f"SELECT count(*) FROM authly.{table}")  # noqa: S608
        if found < rows:
            message = f"{found} {table} of {rows} came back"
            raise RuntimeError(message)


def _number(cluster: postgres.Cluster, database: str, statement: str) -> int:
    with psycopg.connect(cluster.url(database), autocommit=True) as connection:
        row = connection.execute(statement.encode()).fetchone()
    return int(row[0]) if row else 0


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
