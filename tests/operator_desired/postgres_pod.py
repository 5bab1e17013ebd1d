"""A pod of PostgreSQL without Kubernetes: our image's entrypoint, a volume, the very scripts."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psycopg

from throwaway import ports, postgres


ENTRYPOINT = Path(__file__).resolve().parents[2] / "dev/images/postgres/entrypoint.sh"
FAST = {"fsync": "off", "full_page_writes": "off", "shared_buffers": "16MB", "max_wal_size": "32MB"}


@dataclass
class PostgresPod:
    """Its volume outlives its container, as a claim does."""

    command: Sequence[str]
    parameters: dict[str, str]
    variables: dict[str, str]
    port: int = field(default_factory=ports.free_port)
    place: Path = field(default_factory=lambda: Path(tempfile.mkdtemp(prefix="authly-pod-")))
    _process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        (self.place / "bin").mkdir()
        shutil.copy(ENTRYPOINT, self.place / "bin/docker-entrypoint.sh")
        if not os.geteuid():
            account = pwd.getpwnam("postgres")
            os.chown(self.place, account.pw_uid, account.pw_gid)

    @property
    def data(self) -> Path:
        """PGDATA."""
        return self.place / "pgdata"

    @property
    def running(self) -> bool:
        """Whether the container has not ended."""
        return self._process is not None and self._process.poll() is None

    @property
    def log(self) -> str:
        """What the container wrote."""
        return (self.place / "log").read_text()

    def start(self) -> None:
        """Start the container."""
        given = {**FAST, **self.parameters, "unix_socket_directories": str(self.place)}
        flags = [f"-c{name}={value}" for name, value in {**given, "port": str(self.port)}.items()]
        with (self.place / "log").open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603
                [*postgres.as_postgres(), *self.command, "postgres", *flags],
                stdout=log,
                stderr=log,
                cwd="/",
                env=self._environment(),
                start_new_session=True,
            )

    def kill(self) -> None:
        """End all processes of the container at once."""
        if self._process is not None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait(timeout=30)
            self._process = None

    def stop(self) -> None:
        """End the container as the kubelet does, by the image's stop signal."""
        self._end(signal.SIGINT)

    def run(self, script: str) -> int:
        """Run a probe or a hook in the container; its exit status."""
        command = [*postgres.as_postgres(), "sh", "-c", script]
        done = subprocess.run(command, env=self._environment(), check=False, timeout=60, cwd="/")  # noqa: S603
        return done.returncode

    def ask(self, statement: str) -> object:
        """The one value of a statement of the superuser's, as soon as PostgreSQL answers."""
        deadline = time.monotonic() + 60
        while True:
            try:
                with self._connect() as connection:
                    row = connection.execute(statement.encode()).fetchone()
                    return row and row[0]
            except (psycopg.OperationalError, psycopg.errors.UndefinedTable):
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.1)

    def tell(self, *statements: str) -> None:
        """Run statements as the superuser."""
        self.ask("SELECT 1")
        with self._connect() as connection:
            for statement in statements:
                connection.execute(statement.encode())

    def close(self) -> None:
        """End the container, and the volume."""
        self.stop()
        shutil.rmtree(self.place)

    def _connect(self) -> psycopg.Connection[tuple[object, ...]]:
        return psycopg.connect(
            host=str(self.place), port=self.port, user="postgres", autocommit=True
        )

    def _end(self, how: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(timeout=90)
            self._process = None

    def _environment(self) -> dict[str, str]:
        path = f"{self.place / 'bin'}:{postgres.PROGRAMS}:{os.environ['PATH']}"
        local = {"PGHOST": str(self.place), "PGPORT": str(self.port)}
        return {
            "PATH": path,
            "LANG": "C.UTF-8",
            "PGDATA": str(self.data),
            **local,
            **self.variables,
        }
