"""`python -m bench.size`: a large database is backed up and restored while an instance serves.

USERS and TOKENS of the environment say how large: each token is the refresh token of a family of
its own. What is run are the program's own commands. Words choose from RESTORES; all where there are
none.
"""

import contextlib
import gzip
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Final

import psycopg

from authly_server.backup.restore import STEPS as RESTORE_STEPS
from bench import fill
from bench.__main__ import DURABLE, tokens
from bench.cases import Material
from bench.cpu import Meter
from bench.scale import Stopwatch, measure_latency
from throwaway import instance as instances, postgres
from throwaway.instance import Instance


USERS = int(os.environ.get("USERS", "1_000_000"))
FAMILIES = int(os.environ.get("TOKENS", "5_000_000"))
QUIET_REQUESTS = 1000
ROUND, PAUSE = 100, 2.0
"""Requests of a round, and seconds between rounds: an instance that has something to do."""
STEPS = [*RESTORE_STEPS]
SERVED_WITHIN = 60.0
"""Seconds from the swap to an answer: more is a failure."""
MANAGED = {
    "checkpoint_completion_target": "0.9",
    "maintenance_work_mem": "64MB",
    "max_wal_size": "1GB",
    "shared_buffers": "128MB",
    "wal_buffers": "4MB",
}
"""As the operator starts a database of its own by default."""


@dataclass(frozen=True, slots=True)
class Bench:
    """An instance on a large database, and where its backups go."""

    cluster: postgres.Cluster
    instance: Instance
    material: Material
    place: Path

    def settings(self, database: str) -> dict[str, str]:
        """What a command is given that backs the database up, or restores over it."""
        return {
            "BACKUP_DIRECTORY": str(self.place),
            "BACKUP_NAME": "large",
            "DATABASE_URL": self.cluster.url(database),
        }


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


def main(words: Sequence[str]) -> int:
    """Measure and print."""
    if unknown := sorted(set(words) - RESTORES.keys()):
        _say(f"no restore is called {', '.join(unknown)}: choose from {', '.join(RESTORES)}")
        return 2
    with (
        contextlib.closing(postgres.create(**DURABLE, **MANAGED)) as cluster,
        tempfile.TemporaryDirectory(prefix="authly-size-") as place,
        instances.running(
            cluster.create_database("large"), RATE_LIMIT_ENABLED="false", LOG_LEVEL="warning"
        ) as instance,
    ):
        _measure(Bench(cluster, instance, tokens(instance), Path(place)), words or [*RESTORES])
    return 0


def _measure(bench: Bench, words: Sequence[str]) -> None:
    cluster, instance, material = bench.cluster, bench.instance, bench.material
    seconds = fill.fill(cluster, "large", users=USERS, families=FAMILIES)
    _say(f"filled in {seconds:.0f} s: {USERS} users, {FAMILIES} refresh families")
    _say(f"database: {_size(cluster, 'large'):.0f} MB")
    measure_latency(instance, material, 500)
    before = _load(instance, material, threading.Event(), QUIET_REQUESTS)
    _say(f"quiet: {before.told()}")
    with _beside(instance, material) as meanwhile:
        run = _run("backup", bench.settings("large"))
    _tell("backup", run, meanwhile, before)
    (kept,) = bench.place.glob("*.gz")
    _say(f"backup: {kept.stat().st_size / 1e6:.0f} MB, of a dump of {_unpacked(kept):.0f} MB")
    for word in words:
        RESTORES[word](bench, before)


def _restore_anew(bench: Bench, before: Load) -> None:
    """Into a database that does not exist yet, so that every grant is revoked."""
    settings = {**bench.settings("restored"), "RESTORE_SAFETY_BACKUP": "false"}
    with _beside(bench.instance, bench.material) as meanwhile:
        run = _run("restore", {**settings, "RESTORE_ID": "anew"})
    _tell("restore anew", run, meanwhile, before)
    _say(f"restored database: {_size(bench.cluster, 'restored'):.0f} MB")
    _check(bench.cluster, "restored")


def _restore_over(bench: Bench, before: Load) -> None:
    """Over the database that is served, step by step as a Job's containers do.

    Nothing is asked of the instance from the fence to the swap, as the operator ends replicas for
    a restore; what was rotated until then has to be good afterwards.
    """
    settings = {**bench.settings("large"), "RESTORE_ID": "over"}
    served, fenced = STEPS[: STEPS.index("Fence")], STEPS[STEPS.index("Fence") :]
    with _beside(bench.instance, bench.material) as meanwhile:
        runs = [_step(settings, step) for step in served]
    begun = time.monotonic()
    runs += [_step(settings, step) for step in fenced]
    closed = time.monotonic() - begun
    _wait_until_served(bench.instance)
    silent = time.monotonic() - begun
    whole = Run(
        sum(run.seconds for run in runs),
        sum(run.cpu_seconds for run in runs),
        max(run.megabytes for run in runs),
    )
    _tell("restore over", whole, meanwhile, before)
    _say(f"fence and swap: {closed:.1f} s; served again {silent - closed:.1f} s later")
    after = measure_latency(bench.instance, bench.material, ROUND)
    _say(f"afterwards: {ROUND} of the families go on, p50 {after.percentile(0.5):.1f} ms")
    _say(f"restored database: {_size(bench.cluster, 'large'):.0f} MB")
    _check(bench.cluster, "large")


RESTORES: Final[Mapping[str, Callable[["Bench", "Load"], None]]] = {
    "over": _restore_over,
    "anew": _restore_anew,
}
"""What a backup is restored over or into."""


def _step(settings: Mapping[str, str], step: str) -> Run:
    run = _run("restore", {**settings, "RESTORE_STEP": step})
    _say(f"{step}: {run.seconds:.1f} s, {run.cpu_seconds:.1f} s of CPU without PostgreSQL's")
    return run


def _wait_until_served(instance: Instance) -> None:
    deadline = time.monotonic() + SERVED_WITHIN
    while True:
        asked = instance.post("/token", grant_type="client_credentials", scope="read")
        if asked.status_code == HTTPStatus.OK:
            return
        if time.monotonic() > deadline:
            message = f"the instance answers {asked.status_code} after the swap"
            raise RuntimeError(message)
        time.sleep(0.05)


def _tell(what: str, run: Run, meanwhile: list[Load], before: Load) -> None:
    _say(f"{what}: {run.seconds:.0f} s, {run.cpu_seconds:.0f} s of CPU without PostgreSQL's")
    _say(f"{what}: {run.megabytes:.0f} MB of memory at most")
    (load,) = meanwhile
    _say(f"meanwhile: {load.told()}; p50 is {load.p50 / before.p50:.1f} times the quiet one")


def _unpacked(path: Path) -> float:
    """Megabytes: the room that a dump takes between two containers."""
    with gzip.open(path) as dump:
        return sum(len(block) for block in iter(lambda: dump.read(2**20), b"")) / 1e6


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
    environment = {**os.environ, **settings}
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


def _check(cluster: postgres.Cluster, database: str) -> None:
    """What came back is all that was written, but for what the load did meanwhile."""
    for table, rows in (("users", USERS), ("grants", FAMILIES), ("tokens", FAMILIES)):
        found = _number(cluster, database, f"SELECT count(*) FROM authly.{table}")  # noqa: S608
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
    sys.exit(main(sys.argv[1:]))
