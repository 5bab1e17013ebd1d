"""Operators as processes of their own, which may be killed, stopped and started again."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from tests.operator_faults.kubernetes_api import Api, wait_until

from throwaway.ports import free_port


ROOT = Path(__file__).resolve().parents[2]
LEASE = "authly-operator"


@dataclass
class Nursery:
    """The process that the operators are forks of (mortal.py)."""

    directory: Path
    hosts: Path
    _process: subprocess.Popen[str] = field(repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def ask(self, **order: Any) -> Any:
        with self._lock:
            assert self._process.stdin is not None
            assert self._process.stdout is not None
            self._process.stdin.write(f"{json.dumps(order)}\n")
            self._process.stdin.flush()
            return json.loads(self._process.stdout.readline())

    def publish(self, host: str, port: int) -> None:
        """Let operators find a Service."""
        with self._lock:
            known = json.loads(self.hosts.read_text()) if self.hosts.exists() else {}
            draft = self.hosts.with_suffix(".new")
            draft.write_text(json.dumps({**known, host: port}))
            draft.replace(self.hosts)


@contextlib.contextmanager
def nursery(directory: Path) -> Iterator[Nursery]:
    environ = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT / "operator")}
    argv = ["/usr/bin/setpriv", "--pdeathsig=KILL", "--", sys.executable]
    with subprocess.Popen(  # noqa: S603 - ours
        [*argv, str(Path(__file__).with_name("mortal.py"))],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=environ,
    ) as process:
        try:
            yield Nursery(directory, directory / "hosts.json", process)
        finally:
            assert process.stdin is not None
            process.stdin.close()


@dataclass
class Operator:
    """One operator: those that it was before it was killed, and the present one."""

    api: Api
    nursery: Nursery
    name: str
    """Of its Lease's namespace, too."""
    kubeconfig: Path
    settings: Mapping[str, str] = field(default_factory=dict)
    pid: int = 0
    port: int = 0
    _exit: int | None = None

    @property
    def log(self) -> Path:
        return self.nursery.directory / f"{self.name}.log"

    @property
    def effects(self) -> list[str]:
        """Every side effect so far."""
        path = self._effects
        return path.read_text().splitlines() if path.exists() else []

    @property
    def _effects(self) -> Path:
        return self.nursery.directory / f"{self.name}.effects"

    @property
    def _doom(self) -> Path:
        return self.nursery.directory / f"{self.name}.doom"

    def doom(self, number: int, by: signal.Signals = signal.SIGKILL) -> None:
        """Let it die before its side effect of that number, from now on; 0 is the next one."""
        draft = self._doom.with_suffix(".new")
        draft.write_text(f"{number} {by.name}")
        draft.replace(self._doom)

    def spare(self) -> None:
        self._doom.unlink(missing_ok=True)

    def start(self) -> None:
        """Start a process."""
        self.port, self._exit = free_port(), None
        environ = {
            "KUBECONFIG": str(self.kubeconfig),
            "AUTHLY_NAMESPACES": self.name,
            "AUTHLY_OPERATOR_NAMESPACE": self.name,
            "AUTHLY_POD_NAME": self.name,
            "AUTHLY_LOG_LEVEL": "debug",
            "AUTHLY_HEALTH_PORT": str(free_port()),
            "AUTHLY_METRICS_PORT": str(self.port),
            "PATH": os.environ["PATH"],
            **self.settings,
        }
        self.pid = self.nursery.ask(
            environ=environ,
            log=str(self.log),
            effects=str(self._effects),
            hosts=str(self.nursery.hosts),
            doom=str(self._doom),
        )

    @property
    def exit_status(self) -> int | None:
        """None while it lives; negative for a signal."""
        if self._exit is None and self.pid:
            self._exit = self.nursery.ask(poll=self.pid)
        return self._exit

    @property
    def is_suspended(self) -> bool:
        """Whether it is stopped by SIGSTOP."""
        stat = Path(f"/proc/{self.pid}/stat").read_text()
        return stat.rpartition(")")[2].split()[0] == "T"

    def send(self, number: signal.Signals) -> None:
        if self.pid and self.exit_status is None:
            os.kill(self.pid, number)

    def end(self, number: signal.Signals = signal.SIGKILL) -> None:
        """End it and wait; the Lease of one that was killed runs out at once."""
        self.spare()
        self.send(number)
        if self.pid:
            wait_until("end of the operator", lambda: self.exit_status is not None, 20)
        self.pid = 0
        self.expire_lease()

    def expire_lease(self) -> None:
        """Time passes: whoever held the Lease does no more."""
        namespace = self.settings.get("AUTHLY_OPERATOR_NAMESPACE", self.name)
        if self.api.find("Lease", namespace, LEASE) is not None:
            self.api.merge("Lease", namespace, LEASE, {"spec": {"holderIdentity": ""}})

    def records(self) -> list[dict[str, Any]]:
        """Its log; a line that is no JSON is an error."""
        return [json.loads(line) for line in self.log.read_text().splitlines()]

    def metrics(self) -> dict[str, float]:
        """Every series of /metrics by its name with labels."""
        lines = httpx.get(f"http://127.0.0.1:{self.port}/metrics", timeout=10).text.splitlines()
        pairs = (line.rpartition(" ") for line in lines if not line.startswith("#"))
        return {series: float(text) for series, _, text in pairs}
