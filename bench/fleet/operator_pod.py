"""The operator as the node runs it: its processor time, its memory, and when it rests."""

import re
import time
from dataclasses import dataclass
from pathlib import Path

from tests.e2e.kube import SYSTEM, Kube

from bench.cpu import Meter, resident_megabytes


DEPLOYMENT = "deployment/authly-operator"
_SELECTOR = "app.kubernetes.io/name=authly-operator"
_RECONCILES = re.compile(r"^authly_operator_reconciles_total\{.*\} (\S+)$", re.MULTILINE)
_WAITING = re.compile(r"^authly_operator_queue_length (\S+)$", re.MULTILINE)
REST_SECONDS = 3.0
INTERVAL = 0.25


@dataclass(frozen=True, slots=True)
class OperatorPod:
    """The one pod of the operator; `process_id` is that on this machine."""

    kube: Kube
    name: str
    process_id: int

    def milliseconds(self) -> float:
        """Processor time so far."""
        return Meter((self.process_id,)).milliseconds()

    def megabytes(self) -> float:
        """Resident memory now."""
        return resident_megabytes(self.process_id)

    def wait_until_it_rests(self, since: float, seconds: float) -> float:
        """Seconds after `since` (time.monotonic()) at which the last reconciliation was seen.

        Raises:
            TimeoutError: it went on for longer than `seconds`.
        """
        last, changed = self._reconciled(), time.monotonic()
        while (now := time.monotonic()) - changed < REST_SECONDS:
            if now - since > seconds:
                message = f"the operator does not rest within {seconds:.0f} s"
                raise TimeoutError(message)
            time.sleep(INTERVAL)
            if (current := self._reconciled()) != last:
                last, changed = current, time.monotonic()
        return changed - since

    def _reconciled(self) -> tuple[float, float]:
        """Reconciliations so far, and resources that wait for one."""
        path = f"/api/v1/namespaces/{SYSTEM}/pods/{self.name}:9000/proxy/metrics"
        told = self.kube.run("get", "--raw", path)
        waiting = _WAITING.search(told)
        return sum(map(float, _RECONCILES.findall(told))), float(waiting[1]) if waiting else 0.0


def find(kube: Kube) -> OperatorPod:
    """The operator's pod, once it is ready."""
    kube.run("rollout", "status", DEPLOYMENT, "-n", SYSTEM, "--timeout=120s")
    pods = kube.select("pods", SYSTEM, _SELECTOR)
    (pod,) = [each for each in pods if "deletionTimestamp" not in each["metadata"]]
    name = str(pod["metadata"]["name"])
    return OperatorPod(kube, name, _process(name))


def restart(kube: Kube) -> tuple[OperatorPod, float]:
    """Delete the operator's pod; the one that follows, and when the old one was told to end."""
    old = kube.select("pods", SYSTEM, _SELECTOR)
    killed = time.monotonic()
    for pod in old:
        kube.delete("pod", pod["metadata"]["name"], SYSTEM)
    return find(kube), killed


def _process(pod: str) -> int:
    """The id on this machine of the operator's process in that pod."""
    for environment in Path("/proc").glob("[0-9]*/environ"):
        try:
            named = f"HOSTNAME={pod}\0".encode() in environment.read_bytes() + b"\0"
            line = (environment.parent / "cmdline").read_bytes()
        except OSError:
            continue  # it has ended
        if named and b"authly" in line:
            return int(environment.parent.name)
    message = f"no process of pod {pod} is on this machine"
    raise LookupError(message)
