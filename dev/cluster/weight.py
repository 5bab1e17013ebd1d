"""What the pods of all nodes weigh together, when everybody wants the processor.

The cgroup of all containers has the weight of one ordinary group, and each process that was started
apart may have such a group to itself: on a busy machine, a node's pods would share what one process
gets.
"""

import contextlib
from pathlib import Path

from cluster import residue


TIMES = 8
_WEIGHTS = (("cpu/{}/cpu.shares", 1024), ("{}/cpu.weight", 100))
"""The files of either version of cgroups, and what is in them otherwise."""


def raise_pods(root: Path = residue.CGROUPS) -> None:
    """Let the pods weigh as much as so many; nothing where the machine does not let us."""
    for pattern, usual in _WEIGHTS:
        file = root / pattern.format(residue.PARENT)
        with contextlib.suppress(OSError):
            if (file.parent.parent / "cgroup.procs").exists():
                file.parent.mkdir(exist_ok=True)
            if file.exists():
                file.write_text(str(usual * TIMES))
