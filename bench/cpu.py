"""CPU time and memory of processes, from /proc: what a request costs, whoever else computes."""

import os
from dataclasses import dataclass
from pathlib import Path


_TICK = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Meter:
    """Processes by id; `with_children` counts theirs too, also those that ended meanwhile."""

    process_ids: tuple[int, ...]
    with_children: bool = False

    def milliseconds(self) -> float:
        """User and system time so far."""
        return 1000 * sum(map(self._seconds, self._all()))

    def _all(self) -> tuple[int, ...]:
        if not self.with_children:
            return self.process_ids
        return self.process_ids + tuple(
            child for parent in self.process_ids for child in children(parent)
        )

    def _seconds(self, process_id: int) -> float:
        """Running threads by the scheduler's nanoseconds, ended children by clock ticks."""
        threads = Path(f"/proc/{process_id}/task").glob("*/schedstat")
        try:
            running = sum(int(thread.read_text().split()[0]) for thread in threads) / 1e9
            fields = Path(f"/proc/{process_id}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            return 0.0
        ended = (int(fields[13]) + int(fields[14])) / _TICK if self.with_children else 0.0
        return running + ended


def children(process_id: int) -> tuple[int, ...]:
    """The processes that a process has started and that still run."""
    listed = Path(f"/proc/{process_id}/task/{process_id}/children")
    return tuple(map(int, listed.read_text().split()))


def resident_megabytes(process_id: int) -> float:
    """Memory that is in use now (VmRSS)."""
    for line in Path(f"/proc/{process_id}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    return 0.0
