"""`python -m bench.soak --minutes 30`: run, print the figures, end with 1 where a promise broke."""

import argparse
import asyncio
import contextlib
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field

from bench.soak import callers, disturbances, gauges, report
from bench.soak.entrance import Entrance
from bench.soak.gauges import Sample
from bench.soak.ledger import Ledger
from throwaway import instance as instances, postgres, server as servers
from throwaway.instance import Instance
from throwaway.postgres import Cluster
from throwaway.server import Server


CALLERS = (*[callers.refresh] * 6, *[callers.introspect] * 2, *[callers.issue] * 2)
# What was committed has to be there after a crash, unlike in tests.
DURABLE = {"synchronous_commit": "on", "autovacuum": "on"}


@dataclass(frozen=True)
class Soak:
    """Everything that runs; `second` is the process that comes and goes."""

    cluster: Cluster
    instance: Instance
    second: Server
    ledger: Ledger = field(default_factory=Ledger)
    samples: list[Sample] = field(default_factory=list)

    async def run(self, seconds: float, every: float) -> None:
        """Ask, disturb and watch for so long, each disturbance about `every` so many seconds."""
        until = asyncio.Event()
        first = self.instance.server
        ports = first.port, self.second.port
        async with (
            Entrance(self.instance, ports, self.ledger) as entrance,
            asyncio.TaskGroup() as group,
        ):
            for caller in CALLERS:
                group.create_task(caller(entrance, until))
            sampling = max(seconds / 180, 0.5)
            group.create_task(gauges.watch(first, self.cluster, sampling, self.samples, until))
            ending = self.ledger, until
            group.create_task(disturbances.disturb_database(self.cluster, every, *ending))
            group.create_task(disturbances.disturb_process(self.second, every * 0.7, *ending))
            await asyncio.sleep(seconds)
            until.set()

    def read_logs(self) -> None:
        """A stack trace or an error in a log is a breach."""
        for server in (self.instance.server, self.second):
            if "Traceback" in server.log.read_text():
                self.ledger.breach("there is a stack trace in a log")
            for record in server.records():
                if record["level"] in {"error", "critical"}:
                    self.ledger.breach(f"logged: {record['event']}")


@contextlib.contextmanager
def prepared() -> Iterator[Soak]:
    """Start everything, and end it."""
    with contextlib.closing(postgres.create(**DURABLE)) as cluster:
        url = cluster.create_database("soak")
        with (
            instances.running(url, LOG_LEVEL="warning") as instance,
            contextlib.closing(servers.replicate(instance.server)) as second,
        ):
            instance.person  # noqa: B018  # signs in before anything is disturbed
            yield Soak(cluster, instance, second)


def main(arguments: list[str]) -> int:
    """Run as asked for."""
    parser = argparse.ArgumentParser(prog="python -m bench.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=30, help="how long (30)")
    parser.add_argument("--every", type=float, default=60, help="seconds between restarts (60)")
    options = parser.parse_args(arguments)
    with prepared() as soak:
        asyncio.run(soak.run(60 * options.minutes, options.every))
        soak.read_logs()
        told = report.lines(soak.ledger, soak.samples, options.minutes)
        sys.stdout.writelines(f"{line}\n" for line in told)
        return 0 if report.is_good(soak.ledger, soak.samples) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
