"""An authorization server of its own: a real process, real ports, gone when it is closed.

    registration.migrate(database_url)
    shop = registration.apply_client(database_url, client_id="shop")
    with contextlib.closing(server.create(database_url, tls=True)) as running:
        httpx.get(running.issuer + "/jwks", verify=running.tls_context())

The issuer is an https URL always, for the server accepts no other. With `tls` it is
`https://localhost:PORT` and answers there, under a certificate of `certificate_authority`; without,
talk to `base_url`, which is plain HTTP on 127.0.0.1. Cookies are Secure either way.
"""

import json
import os
import secrets
import shutil
import signal
import ssl
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from throwaway import certificates, keys, tls
from throwaway.ports import free_port


ISSUER = "https://login.example.com"
PROGRAM = Path(__file__).parents[2] / "server"
_PATIENCE = 120.0


class Process(Protocol):
    """What runs: a child as `subprocess` tells of it, or a fork of somebody else's."""

    pid: int

    def poll(self) -> int | None:
        """The exit code, negative for a signal; None while it lives."""

    def wait(self, timeout: float | None = None) -> int:
        """The exit code; subprocess.TimeoutExpired after so many seconds."""

    def kill(self) -> None:
        """End it at once."""


def spawn(environ: Mapping[str, str], log: Path) -> Process:
    """`python -m authly_server serve` with that environment, and no more."""
    command = (sys.executable, "-m", "authly_server", "serve")
    with log.open("ab") as said:
        return subprocess.Popen(  # noqa: S603
            [*_dying_with_parent(), *command], env=environ, stdout=said, stderr=said
        )


launch: Callable[[Mapping[str, str], Path], Process] = spawn
"""How servers of this version are started; `nursery.forking` changes it."""


@dataclass
class Server:
    """A running server; `environ` holds its settings, and may be changed before a `start`."""

    directory: Path
    environ: dict[str, str] = field(repr=False)
    port: int
    management_port: int
    _proxy: tls.Proxy | None = field(default=None, repr=False)
    _process: Process | None = field(default=None, repr=False)
    program: Path = PROGRAM
    """Where the package is: another version's tree runs that one. Read at each start."""
    patience: float = _PATIENCE
    """Seconds within which it has to be ready: many, for a busy machine is slow, not broken."""

    @property
    def issuer(self) -> str:
        """What tokens and metadata say."""
        return self.environ["ISSUER"]

    @property
    def base_url(self) -> str:
        """Where it answers in plain HTTP."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def management_url(self) -> str:
        """Where /metrics is."""
        return f"http://127.0.0.1:{self.management_port}"

    @property
    def certificate_authority(self) -> Path:
        """The PEM file to trust, where the server was created with `tls`."""
        return self.directory / "authority.pem"

    @property
    def key_ring(self) -> Path:
        """The mounted signing keys; `keys.write_ring` replaces them."""
        return self.directory / "keyring.json"

    @property
    def log(self) -> Path:
        """What the process has written: one JSON object a line."""
        return self.directory / "log"

    @property
    def process_id(self) -> int:
        """The process that runs now.

        Raises:
            RuntimeError: none does.
        """
        if self._process is None:
            message = "the server does not run"
            raise RuntimeError(message)
        return self._process.pid

    @property
    def cpu_seconds(self) -> float:
        """What all threads of the process have computed so far, whoever else uses the machine."""
        threads = Path(f"/proc/{self.process_id}/task").glob("*/schedstat")
        return sum(int(thread.read_text().split()[0]) for thread in threads) / 1e9

    @property
    def admin_url(self) -> str:
        """Where the administrators' API is, with ADMIN_NETWORKS; in plain HTTP on 127.0.0.1."""
        return f"http://127.0.0.1:{self.environ['ADMIN_PORT']}"

    def tls_context(self) -> ssl.SSLContext:
        """What a client verifies the server with."""
        return ssl.create_default_context(cafile=str(self.certificate_authority))

    def records(self) -> list[dict[str, Any]]:
        """The log so far; a line that is no JSON is an error."""
        return [json.loads(line) for line in self.log.read_text().splitlines()]

    def start(self, *, until: str = "/health/ready") -> None:
        """Start the process and wait until `until` answers 200; empty for not waiting at all.

        Raises:
            RuntimeError: it ended instead, or never answered; with the end of its log.
        """
        environ = _inherited(self.program) | self.environ
        # Anything else the interpreter has to know before it imports.
        is_this_one = environ["PYTHONPATH"] == str(PROGRAM)
        self._process = (launch if is_this_one else spawn)(environ, self.log)
        if until:
            self.wait(until)

    def wait(self, path: str = "/health/ready", *, status: int = 200) -> None:
        """Wait until a path answers that status.

        Raises:
            RuntimeError: the process ended, or its `patience` is over; with the end of its log.
        """
        deadline = time.monotonic() + self.patience
        while _status(self.base_url + path) != status:
            ended = self._process is None or self._process.poll() is not None
            if ended or time.monotonic() > deadline:
                end = self.log.read_text()[-2000:]
                message = f"no {status} from {path}; {'ended' if ended else 'too slow'}: {end}"
                raise RuntimeError(message)
            time.sleep(0.02)

    def run(self, command: str) -> subprocess.CompletedProcess[str]:
        """Run another command of the program with the same settings, to its end."""
        return subprocess.run(  # noqa: S603
            [sys.executable, "-m", "authly_server", command],
            env=_inherited(self.program) | self.environ,
            capture_output=True,
            text=True,
            timeout=_PATIENCE,
            check=False,
        )

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the process."""
        os.kill(self.process_id, number)

    def stop(self) -> int:
        """Ask it to end, which takes the seconds of its drain; answers the exit code."""
        self.signal(signal.SIGTERM)
        return self.join()

    def kill(self) -> None:
        """End it at once."""
        if self._process is not None:
            self._process.kill()
            self.join()

    def join(self) -> int:
        """Wait for the end of the process; answers the exit code."""
        if self._process is None:
            return 0
        code = self._process.wait(timeout=_PATIENCE)
        self._process = None
        return code

    def close(self) -> None:
        """End it at once and remove its files."""
        self.kill()
        if self._proxy is not None:
            self._proxy.close()
        shutil.rmtree(self.directory)


def create(database_url: str, *, tls: bool = False, start: bool = True, **environ: str) -> Server:
    """Make secrets and a ring of an ES256 and an RS256 key, and start a server on free ports.

    `environ` are settings by their names in the environment (`JWT_ALGORITHM="HS256"`); `start`
    False leaves starting to the caller. The database has to be migrated for it to become ready.
    """
    directory = Path(tempfile.mkdtemp(prefix="authly-server-"))
    port, management_port = free_port(), free_port()
    proxy = _terminate_tls(directory, port) if tls else None
    server = Server(directory, {}, port, management_port, proxy)
    keys.write_ring(server.key_ring, keys.draw("first"), keys.draw("rsa", alg="RS256"))
    server.environ |= {
        "DATABASE_URL": database_url,
        "ISSUER": ISSUER if proxy is None else proxy.url,
        "SECRET_KEY": secrets.token_urlsafe(32),
        "JWT_SECRET_KEY": secrets.token_urlsafe(32),
        "JWT_REFRESH_SECRET_KEY": secrets.token_urlsafe(32),
        "SIGNING_KEYS_FILE": str(server.key_ring),
        "PORT": str(port),
        "MANAGEMENT_PORT": str(management_port),
        "PASSWORD_HASH_COST": "10",  # the lowest: tests sign in often
        # All tests come from one address, and many type wrong passwords on purpose.
        "RATE_LIMIT_ENABLED": "false",
        "LOGIN_THROTTLE_ENABLED": "false",
        **({"ADMIN_PORT": str(free_port())} if "ADMIN_NETWORKS" in environ else {}),
        **environ,
    }
    if start:
        try:
            server.start()
        except RuntimeError:
            server.close()
            raise
    return server


def replicate(server: Server) -> Server:
    """Start one more process of the same instance, as a second replica, on ports of its own."""
    shared = {
        name: value
        for name, value in server.environ.items()
        if name not in {"DATABASE_URL", "PORT", "MANAGEMENT_PORT", "ADMIN_PORT"}
    }
    return create(server.environ["DATABASE_URL"], tls=False, start=True, **shared)


def _terminate_tls(directory: Path, port: int) -> tls.Proxy:
    certificates.write(directory)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(directory / "server.pem", directory / "server.key")
    return tls.start(context, port)


def _dying_with_parent() -> tuple[str, ...]:
    return "/usr/bin/setpriv", "--pdeathsig=KILL", "--"


def _inherited(program: Path) -> dict[str, str]:
    return {"PATH": os.environ.get("PATH", os.defpath), "PYTHONPATH": str(program)}


def _status(url: str) -> int | None:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310  # of ours
            return int(answer.status)
    except urllib.error.HTTPError as error:
        error.close()
        return error.code
    except OSError:
        return None
