"""What an operator writes and uses while there is nothing to do."""

import time
from dataclasses import dataclass

from tests.e2e import stillness
from tests.e2e.kube import SYSTEM, Kube
from typing_extensions import override

from bench.fleet import requests
from bench.fleet.operator_pod import OperatorPod


@dataclass(frozen=True, slots=True)
class Rest:
    """A while in which nothing was to be done.

    Attributes:
        seconds: how long it was.
        changes: objects that were written meanwhile; Leases, and events of which the API server
            lets go after an hour, are left out.
        cpu: the operator's share of a core, in per cent.
        megabytes: its resident memory at the end.
        requests: what everybody asked of the API server, a second.
    """

    seconds: float
    changes: tuple[str, ...]
    cpu: float
    megabytes: float
    requests: float

    @override
    def __str__(self) -> str:
        """One line for people."""
        written = ", ".join(self.changes) or "none"
        return (
            f"{self.seconds:.0f} s at rest: objects written: {written};"
            f" {self.cpu:.2f} % of a core, {self.megabytes:.0f} MB,"
            f" {self.requests:.1f} requests a second of everybody"
        )


def watch(kube: Kube, operator: OperatorPod, seconds: float) -> Rest:
    """Wait and compare."""
    kinds = stillness.resources(kube)
    before = stillness.state(kube, kinds)
    cpu, asked, started = operator.milliseconds(), requests.answered(kube), time.monotonic()
    time.sleep(seconds)
    used, answered = operator.milliseconds() - cpu, requests.answered(kube) - asked
    lasted = time.monotonic() - started
    after = stillness.state(kube, kinds)
    forgotten = {key for key in before.keys() - after.keys() if " Event " in key}
    changes = [key for key in stillness.differences(before, after) if key not in forgotten]
    return Rest(lasted, tuple(changes), used / lasted / 10, operator.megabytes(), answered / lasted)


def children(kube: Kube) -> stillness.State:
    """Versions of every object outside of the operator's own namespace, but for events."""
    everything = stillness.state(kube, stillness.resources(kube))
    return {
        key: version
        for key, version in everything.items()
        if f" {SYSTEM}/" not in key and " Event " not in key and " /" not in key
    }
