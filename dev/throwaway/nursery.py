"""Starts servers as forks of one process that has imported the server already (`preloaded`).

    with nursery.forking() as forks:
        server.create(database_url)
        forks.start(["migrate"], environ, out, err).wait()

A fork is a process like any other, with its own environment, log and end; only what it imports was
imported before. Whoever measures memory or a start wants none.
"""

import contextlib
import json
import os
import select
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from throwaway import server


_PRELOADED = Path(__file__).with_name("preloaded.py")


@dataclass
class Nursery:
    """The process that all others are forks of; begun when the first one is asked for."""

    _process: subprocess.Popen[str] | None = field(default=None, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)
    is_closed: bool = False

    def serve(self, environ: Mapping[str, str], log: Path) -> "Fork":
        """Start a server that has that environment, and no more, and appends to that log."""
        return self.start(["serve"], environ, log, log)

    def start(
        self,
        arguments: Sequence[str],
        environ: Mapping[str, str],
        out: Path,
        err: Path,
        *,
        suspended: bool = False,
    ) -> "Fork":
        """Start a command of the server's program, with that environment, and no more.

        One that is `suspended` takes no step until it is sent SIGCONT, or killed.
        """
        for file in (out, err):  # there to be read, however early it is killed
            file.touch()
        order: dict[str, Any] = {"arguments": arguments, "environ": dict(environ)}
        files = {"out": str(out), "err": str(err)}
        return Fork(self, self.ask(**order, **files, suspended=suspended))

    def ask(self, **order: Any) -> Any:
        """Give an order of `preloaded`, and answer what it says.

        Raises:
            RuntimeError: it has ended.
        """
        with self._lock:
            self._process = self._process or _begin()
            assert self._process.stdin is not None  # noqa: S101  # both are pipes
            assert self._process.stdout is not None  # noqa: S101
            self._process.stdin.write(f"{json.dumps(order)}\n")
            self._process.stdin.flush()
            told = self._process.stdout.readline()
        if not told:
            message = "the process that servers are forks of has ended"
            raise RuntimeError(message)
        return json.loads(told)

    def close(self) -> None:
        """End the process, and with it every server."""
        self.is_closed = True
        if self._process is not None:
            with self._process:  # closes both pipes, and waits
                pass


def _begin() -> subprocess.Popen[str]:
    # It ends when its orders do. By --pdeathsig it would end with the thread that began it.
    return subprocess.Popen(  # noqa: S603
        [sys.executable, "-P", str(_PRELOADED)],
        env={"PATH": os.environ.get("PATH", os.defpath), "PYTHONPATH": str(server.PROGRAM)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


@dataclass
class Fork:
    """A server's process; what `subprocess.Popen` tells of a child."""

    nursery: Nursery
    pid: int
    _code: int | None = None

    def poll(self) -> int | None:
        """The exit code, negative for a signal; None while it lives."""
        if self._code is None:
            closed = self.nursery.is_closed
            self._code = -signal.SIGKILL if closed else self.nursery.ask(poll=self.pid)
        return self._code

    def wait(self, timeout: float | None = None) -> int:
        """The exit code as soon as there is one.

        Raises:
            subprocess.TimeoutExpired: it lives on for `timeout` seconds.
        """
        if self.poll() is None:
            self._wait_for_end(timeout)
        code = self.poll()
        if code is None:
            raise subprocess.TimeoutExpired(str(self), timeout or 0.0)
        return code

    def _wait_for_end(self, timeout: float | None) -> None:
        # Nobody else collects its exit code, so the process id is still its own.
        file = os.pidfd_open(self.pid)
        try:
            end = select.poll()
            end.register(file, select.POLLIN)
            end.poll(None if timeout is None else timeout * 1000)
        finally:
            os.close(file)

    def kill(self) -> None:
        """End it at once, if it has not ended yet."""
        if self.poll() is None:
            os.kill(self.pid, signal.SIGKILL)


@contextlib.contextmanager
def forking() -> Iterator[Nursery]:
    """While the block runs, servers of this version are started as forks."""
    before, nursery = server.launch, Nursery()
    server.launch = nursery.serve
    try:
        yield nursery
    finally:
        server.launch = before
        nursery.close()
