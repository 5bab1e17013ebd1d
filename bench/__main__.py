"""`make bench`: prints what a request costs, as a table in Markdown."""

import asyncio
import contextlib
import platform
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg

from bench import cases, loader
from bench.cases import Case, Material
from bench.cpu import Meter, resident_megabytes
from throwaway import instance as instances, ports, postgres
from throwaway.instance import Instance


WARM, MEASURED = 400, 1000
ROUNDS = 6
ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True, slots=True)
class Cost:
    """CPU milliseconds a request."""

    server: float
    database: float

    @property
    def total(self) -> float:
        """What the request costs altogether."""
        return self.server + self.database


@dataclass(frozen=True)
class Bench:
    """Everything that runs: the measured server, the bare handlers, the database."""

    instance: Instance
    database: Meter
    baseline_port: int
    baseline: Meter

    def compare(self, case: Case, material: Material) -> tuple[Cost, Cost]:
        """What the bare handler costs and what the case does, in turn, for others compute too.

        Of several rounds the cheapest counts: what disturbs only ever adds.
        """
        port, meter = self.instance.server.port, Meter((self.instance.server.process_id,))
        bare = case.bare()
        asyncio.run(self._run(self.baseline_port, bare, material, WARM))
        asyncio.run(self._run(port, case, material, WARM))
        rounds = [
            (
                self._round(self.baseline_port, self.baseline, bare, material),
                self._round(port, meter, case, material),
            )
            for _ in range(ROUNDS)
        ]
        bares, costs = zip(*rounds, strict=True)
        return min(bares, key=_total), min(costs, key=_total)

    def _round(self, port: int, meter: Meter, case: Case, material: Material) -> Cost:
        server, database = meter.milliseconds(), self.database.milliseconds()
        asyncio.run(self._run(port, case, material, MEASURED))
        return Cost(
            (meter.milliseconds() - server) / MEASURED,
            (self.database.milliseconds() - database) / MEASURED,
        )

    async def _run(self, port: int, case: Case, material: Material, count: int) -> None:
        answers = await loader.run(port, case.make(material, count))
        wrong = {answer.status for answer in answers} - {case.expected}
        if wrong or len(answers) != count:
            message = f"{case.name}: {len(answers)} answers, among them status {sorted(wrong)}"
            raise RuntimeError(message)


def _total(cost: Cost) -> float:
    return cost.total


# What it commits is kept, as in earnest; throwaway clusters else forget to make tests fast.
DURABLE = {
    "fsync": "on",
    "full_page_writes": "on",
    "synchronous_commit": "on",
    "autovacuum": "on",
}


@contextlib.contextmanager
def prepared() -> Iterator[Bench]:
    """Start everything, and end it."""
    with contextlib.closing(postgres.create(**DURABLE)) as cluster:
        url = cluster.create_database("bench")
        baseline_url = cluster.create_database("baseline")
        port = ports.free_port()
        command = [sys.executable, "-m", "bench.baselines", str(port), baseline_url]
        with (
            instances.running(url, RATE_LIMIT_ENABLED="false", LOG_LEVEL="warning") as instance,
            _ended(subprocess.Popen(command, cwd=ROOT)) as bare,  # noqa: S603 - our own argv
        ):
            _wait(port)
            database = Meter((_postmaster(cluster),), with_children=True)
            yield Bench(instance, database, port, Meter((bare.pid,)))


@contextlib.contextmanager
def _ended(process: subprocess.Popen[bytes]) -> Iterator[subprocess.Popen[bytes]]:
    try:
        yield process
    finally:
        process.terminate()
        process.wait()


def _postmaster(cluster: postgres.Cluster) -> int:
    return int((cluster.directory / "data" / "postmaster.pid").read_text().split("\n")[0])


def _wait(port: int) -> None:
    deadline = time.monotonic() + 20
    while True:
        try:
            asyncio.run(asyncio.wait_for(_connect(port), 1))
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
        else:
            return


async def _connect(port: int) -> None:
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.close()


def tokens(instance: Instance) -> Material:
    """A live token of each kind, and a family of refresh tokens for each connection."""
    machine = instance.post("/token", grant_type="client_credentials", scope="read").json()
    families = [instance.tokens() for _ in range(loader.CONNECTIONS)]
    return Material(
        instance,
        refresh_tokens=[family["refresh_token"] for family in families],
        machine_token=machine["access_token"],
        person_token=families[0]["access_token"],
    )


def main(words: list[str]) -> int:
    """Measure, print, and answer 0; a ratio above its aim is told, and is no failure.

    With `words` only the cases whose names have one of them.
    """
    with prepared() as bench:
        material = tokens(bench.instance)
        before = resident_megabytes(bench.instance.server.process_id)
        _say(_head())
        for case in cases.chosen(words):
            bare, cost = bench.compare(case, material)
            _say(_line(case, cost, bare))
        after = resident_megabytes(bench.instance.server.process_id)
        _say(f"\nresident memory: {before:.0f} MB before, {after:.0f} MB after; {_machine()}")
    return 0


def _say(*lines: str) -> None:
    sys.stdout.writelines(f"{line}\n" for line in lines)
    sys.stdout.flush()


def _head() -> str:
    titles = "| case | server ms | PostgreSQL ms | CPU ms | bare handler ms | ratio | aim |"
    return f"{titles}\n|---|---|---|---|---|---|---|"


def _line(case: Case, cost: Cost, bare: Cost) -> str:
    ratio = cost.total / bare.total
    mark = "" if ratio <= case.aim else " (above)"
    return (
        f"| {case.name} | {cost.server:.3f} | {cost.database:.3f} | {cost.total:.3f} |"
        f" {bare.total:.3f} | {ratio:.2f}{mark} | {case.aim} |"
    )


def _machine() -> str:
    return f"Python {platform.python_version()}, psycopg {psycopg.__version__}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
