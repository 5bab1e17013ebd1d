"""A Redis of its own: a temporary directory, a free port, gone when it is closed."""

import contextlib
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from throwaway.ports import free_port


PROGRAM = "/usr/bin/redis-server"
PASSWORD = "throwaway"  # noqa: S105  # of a server that listens on loopback for some minutes
_PATIENCE = 120.0


@dataclass
class Redis:
    """A Redis server that can be stopped, frozen, and started again on the same port."""

    directory: Path
    port: int
    _process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    @property
    def url(self) -> str:
        """The URL of its first database."""
        return f"redis://:{PASSWORD}@127.0.0.1:{self.port}/0"

    def start(self) -> None:
        """Start the server, empty, and wait until it answers."""
        arguments = f"--port {self.port} --bind 127.0.0.1 --requirepass {PASSWORD} --save"
        with (self.directory / "log").open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603
                ["/usr/bin/setpriv", "--pdeathsig=KILL", "--", PROGRAM, *arguments.split(), ""],
                stdout=log,
                stderr=log,
                cwd=self.directory,
            )
        deadline = time.monotonic() + _PATIENCE
        while not self._answers():
            if time.monotonic() > deadline:
                raise RuntimeError((self.directory / "log").read_text()[-2000:])
            time.sleep(0.02)

    def stop(self) -> None:
        """End the server at once; what it held is gone."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(timeout=_PATIENCE)
            self._process = None

    @contextlib.contextmanager
    def frozen(self) -> Iterator[None]:
        """Stop it without ending it: connections stay open, and nothing answers."""
        if self._process is None:
            message = "Redis does not run"
            raise RuntimeError(message)
        self._process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self._process.send_signal(signal.SIGCONT)

    def ask(self, *words: str) -> str:
        """Send one command and answer what comes back, as Redis writes it."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=5) as line:
            line.sendall(f"AUTH {PASSWORD}\r\n{' '.join(words)}\r\nQUIT\r\n".encode())
            said = b"".join(iter(lambda: line.recv(4096), b""))
        return said.decode().removeprefix("+OK\r\n").removesuffix("+OK\r\n")

    def close(self) -> None:
        """End the server and remove its files."""
        self.stop()
        shutil.rmtree(self.directory)

    def _answers(self) -> bool:
        try:
            return self.ask("PING") == "+PONG\r\n"
        except OSError:
            return False


def create() -> Redis:
    """Start a server."""
    server = Redis(Path(tempfile.mkdtemp(prefix="authly-redis-")), free_port())
    server.start()
    return server
