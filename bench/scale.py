"""`python -m bench.scale`: what changes with size; start, memory, processes, millions of rows.

`python -m bench.scale start rows` measures some of them. ROWS and TOKENS of the environment say how
many, for a first look with few.
"""

import asyncio
import contextlib
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import psycopg

from authly_server.storage import maintenance
from bench import cases, loader
from bench.__main__ import DURABLE, tokens
from bench.cases import Case, Material
from bench.cpu import Meter, children, resident_megabytes
from bench.loader import Answer, Next
from throwaway import instance as instances, postgres
from throwaway.instance import Instance


ROWS = int(os.environ.get("ROWS", "1_000_000"))
TOKENS = int(os.environ.get("TOKENS", "100_000"))
STARTS = 3
# One grant for each family; the expired ones are a month old, so that they are swept as well.
_FILL = """
WITH granted AS (
    INSERT INTO authly.grants (id, client_id, user_id, scopes, resources, created_at)
    SELECT gen_random_uuid(), client_id, user_id, scopes, resources,
        now() - %(age)s::interval - number * interval '1 ms'
    FROM (SELECT * FROM authly.grants LIMIT 1) AS one, generate_series(1, %(rows)s) AS number
    RETURNING id, client_id
)
INSERT INTO authly.tokens (token_type, client_id, grant_id, generation, digest, expires_at)
SELECT 'refresh', client_id, id, 0, sha256(id::text::bytea), now() + %(left)s::interval
FROM granted
"""


@dataclass
class Stopwatch:
    """The milliseconds from each request of `make` to its answer."""

    milliseconds: list[float] = field(default_factory=list)

    def around(self, make: Next) -> Next:
        """The same requests, timed."""
        sent: dict[int, float] = {}

        def following(number: int, answer: Answer | None) -> bytes | None:
            if answer is not None:
                self.milliseconds.append(1000 * (time.perf_counter() - sent[number]))
            request = make(number, answer)
            sent[number] = time.perf_counter()
            return request

        return following

    def percentile(self, part: float) -> float:
        """Which so many of all did not exceed, `part` between 0 and 1."""
        return sorted(self.milliseconds)[int(part * (len(self.milliseconds) - 1))]


def main(words: list[str]) -> int:
    """Measure and print; a figure that is worse than it should be is told, and is no failure."""
    with contextlib.closing(postgres.create(**DURABLE)) as cluster:
        for name in words or MEASUREMENTS:
            MEASUREMENTS[name](cluster.create_database(name))
    return 0


def _running(url: str, *, processes: int = 1) -> contextlib.AbstractContextManager[Instance]:
    return instances.running(
        url, RATE_LIMIT_ENABLED="false", LOG_LEVEL="warning", PROCESSES=str(processes)
    )


def measure_start(url: str) -> None:
    """How long until /health/ready answers 200, on a database that is migrated."""
    with _running(url) as instance:
        seconds, computing = [], []
        for _ in range(STARTS):
            instance.server.stop()
            started = time.monotonic()
            instance.server.start()
            seconds.append(time.monotonic() - started)
            computing.append(instance.server.cpu_seconds)
        _say(f"start to ready: {min(seconds):.2f} s, {min(computing):.2f} s of CPU time")


def measure_memory(url: str) -> None:
    """Resident memory before and after so many tokens, none of which is kept anywhere."""
    with _running(url) as instance:
        _drive(instance, "client_credentials, ES256", 1000)
        before = resident_megabytes(instance.server.process_id)
        _drive(instance, "client_credentials, ES256", TOKENS)
        after = resident_megabytes(instance.server.process_id)
        _say(f"resident memory: {before:.0f} MB, after {TOKENS} tokens {after:.0f} MB")


def measure_processes(url: str) -> None:
    """Tokens a second by one process and by two, on cores that the load has no share of.

    That is how fast it would be with cores of its own: the busiest process's CPU time is then the
    time on the clock. On the clock of a machine of two cores the load takes its share. For each
    process there are 16 connections, since what comes at once is cheaper together.
    """
    rates = {}
    for processes in (1, 2):
        with _running(url, processes=processes) as instance:
            leader = instance.server.process_id
            serving = children(leader) if processes > 1 else (leader,)
            rounds = [_round_of_loads(instance, serving) for _ in range(4)][1:]
            rates[processes] = max(own for own, _ in rounds)
            on_clock = max(clock for _, clock in rounds)
            _say(
                f"{len(serving)} serving: {rates[processes]:.0f} tokens/s with cores of their own,"
                f" {on_clock:.0f} beside the load"
            )
    _say(f"two processes: {rates[2] / rates[1]:.2f} times one")


def measure_rows(url: str) -> None:
    """The refresh grant before and after the tables have filled, and while they are swept."""
    with _running(url) as instance:
        material = tokens(instance)
        _report(instance, material, "refresh, small tables")
        _fill(url, "1 minute", "7 days")
        _fill(url, "40 days", "-2 days")
        _report(instance, material, f"refresh, {ROWS} live and as many expired families")
        with _sweeping(url):
            _report(instance, material, "refresh, while the expired ones are swept")


def _report(instance: Instance, material: Material, title: str) -> None:
    measure_latency(instance, material, 500)  # new connections, plans and caches
    watch = measure_latency(instance, material, 4000)
    p50, p99 = watch.percentile(0.5), watch.percentile(0.99)
    _say(f"{title}: p50 {p50:.1f} ms, p99 {p99:.1f} ms, longest {watch.percentile(1):.1f} ms")


def measure_latency(instance: Instance, material: Material, count: int) -> Stopwatch:
    """So many rotations over four connections."""
    watch = Stopwatch()
    load = watch.around(cases.refreshing(material, count))
    answers = asyncio.run(loader.run(instance.server.port, load, connections=4))
    _check(answers, 200)
    return watch


def _fill(url: str, age: str, left: str) -> None:
    started = time.monotonic()
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(_FILL, {"age": age, "left": left, "rows": ROWS})
        connection.execute("VACUUM (ANALYZE) authly.grants, authly.tokens")
    _say(f"({ROWS} families written in {time.monotonic() - started:.0f} s)")


@contextlib.contextmanager
def _sweeping(url: str) -> Iterator[None]:
    """The daily sweep, beside what happens meanwhile; waits for its end."""
    started, removed = time.monotonic(), dict[str, int]()
    sweep = threading.Thread(target=lambda: removed.update(maintenance.run(url)))
    sweep.start()
    yield
    is_over = not sweep.is_alive()
    sweep.join()
    seconds = time.monotonic() - started
    _say(f"swept in {seconds:.0f} s: {removed}{' (over before the load was)' if is_over else ''}")


def _round_of_loads(instance: Instance, serving: tuple[int, ...]) -> tuple[float, float]:
    """Tokens in a second of the busiest process, and of the clock; each process has its load."""
    count, basic = 3000, Material(instance).basic
    command = [sys.executable, "-m", "bench.scale", "load", str(instance.server.port), str(count)]
    meters = [Meter((each,)) for each in serving]
    before, started = [meter.milliseconds() for meter in meters], time.monotonic()
    loads = [subprocess.Popen([*command, basic]) for _ in serving]  # noqa: S603 - our own argv
    ends = [load.wait() for load in loads]
    if any(ends):
        message = "a load failed"
        raise RuntimeError(message)
    elapsed = time.monotonic() - started
    spent = [meter.milliseconds() - then for meter, then in zip(meters, before, strict=True)]
    answered = len(serving) * count
    return answered * 1000 / max(spent), answered / elapsed


def load(port: int, count: int, basic: str) -> int:
    """So many token requests, by a process of its own."""
    body = b"grant_type=client_credentials&scope=read"
    request = loader.request("POST", "/token", body, Authorization=basic)
    left = [count]

    def following(_: int, __: Answer | None) -> bytes | None:
        left[0] -= 1
        return request if left[0] >= 0 else None

    _check(asyncio.run(loader.run(port, following)), 200)
    return 0


def _drive(instance: Instance, name: str, count: int) -> None:
    case: Case = next(case for case in cases.CASES if case.name == name)
    for _ in range(0, count, 1000):
        make = case.make(Material(instance), 1000)
        _check(asyncio.run(loader.run(instance.server.port, make)), 200)


def _check(answers: list[Answer], expected: int) -> None:
    wrong = {answer.status for answer in answers} - {expected}
    if wrong:
        message = f"answered {sorted(wrong)}"
        raise RuntimeError(message)


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


MEASUREMENTS: dict[str, Callable[[str], None]] = {
    "start": measure_start,
    "memory": measure_memory,
    "processes": measure_processes,
    "rows": measure_rows,
}


if __name__ == "__main__":
    if sys.argv[1:2] == ["load"]:
        sys.exit(load(int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]))
    sys.exit(main(sys.argv[1:]))
