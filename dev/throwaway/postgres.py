"""A PostgreSQL cluster of its own: a temporary directory, a free port, gone when it is closed."""

import contextlib
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
from psycopg import conninfo, sql

from throwaway import certificates
from throwaway.ports import free_port


PROGRAMS = Path("/usr/lib/postgresql/15/bin")
PASSWORD = "throwaway"  # noqa: S105  # of a cluster that listens on loopback for some minutes
SETTINGS = {
    "unix_socket_directories": "",
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "max_connections": "200",
    "shared_buffers": "64MB",
    "autovacuum": "off",
}


@dataclass
class Cluster:
    """A PostgreSQL server that can be stopped, frozen, and started again on the same port."""

    directory: Path
    port: int
    settings: dict[str, str] = field(default_factory=dict)
    """Goes before SETTINGS; read when the server starts."""
    host: str = "127.0.0.1"
    programs: Path = PROGRAMS
    """Those of its major version."""
    _process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    @property
    def superuser_url(self) -> str:
        """The superuser in the database postgres."""
        return self.url("postgres", user="postgres")

    def url(self, database: str, *, user: str = "owner", password: str = PASSWORD) -> str:
        """A URL of libpq; `owner` may create roles and databases, and is no superuser."""
        return f"postgresql://{user}:{password}@{self.host}:{self.port}/{database}"

    def start(self) -> None:
        """Start the server and wait until it answers."""
        given = {**SETTINGS, "listen_addresses": self.host, **self.settings}
        settings = [f"-c{name}={value}" for name, value in given.items()]
        program = [str(self.programs / "postgres"), "-D", str(self.directory / "data")]
        with (self.directory / "log").open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603
                [*as_postgres(), *program, f"-p{self.port}", *settings],
                stdout=log,
                stderr=log,
                cwd="/",
            )
        self._wait()

    def secure(self, *names: str) -> str:
        """Start anew with TLS, by a certificate for localhost and `names`; answer who signed it."""
        self.stop()
        certificates.write(self.directory, *names)
        for part in ("server.pem", "server.key"):
            path = self.directory / part
            path.chmod(0o600)
            if os.geteuid() == 0:
                account = pwd.getpwnam("postgres")
                os.chown(path, account.pw_uid, account.pw_gid)
        self.settings |= {
            "ssl": "on",
            "ssl_cert_file": str(self.directory / "server.pem"),
            "ssl_key_file": str(self.directory / "server.key"),
        }
        self.start()
        return (self.directory / "authority.pem").read_text()

    def stop(self) -> None:
        """Stop the server at once, hanging up on every client."""
        self._end(signal.SIGINT)  # PostgreSQL's fast shutdown

    def crash(self) -> None:
        """End the server without a checkpoint, so that its next start recovers from the log."""
        self._end(signal.SIGQUIT)  # PostgreSQL's immediate shutdown

    def _end(self, how: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(timeout=120)
            self._process = None

    @contextlib.contextmanager
    def frozen(self) -> Iterator[None]:
        """Stop all of its processes without ending them, as a machine that has lost its disk."""
        if self._process is None:
            yield
            return
        # The postmaster first, so that it starts no more while the others are stopped.
        leader = self._process.pid
        os.kill(leader, signal.SIGSTOP)
        children = Path(f"/proc/{leader}/task/{leader}/children").read_text().split()
        for child in children:
            os.kill(int(child), signal.SIGSTOP)
        try:
            yield
        finally:
            for process in (leader, *map(int, children)):
                os.kill(process, signal.SIGCONT)

    def execute(self, statement: sql.Composed, database: str = "postgres") -> None:
        """Run one statement as the owner, outside a transaction."""
        with psycopg.connect(self.url(database), autocommit=True) as connection:
            connection.execute(statement)

    def create_database(self, name: str, *, template: str = "template0") -> str:
        """Create a database, as a copy of `template`, and answer the owner's URL."""
        statement = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
        self.execute(statement.format(sql.Identifier(name), sql.Identifier(template)))
        return self.url(name)

    def drop_database(self, name: str) -> None:
        """Drop a database, whoever is connected to it: also roles that are not the owner's."""
        statement = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)")
        with psycopg.connect(self.superuser_url, autocommit=True) as connection:
            connection.execute(statement.format(sql.Identifier(name)))

    def replicate(self, name: str, user: str = "postgres", host: str | None = None) -> "Cluster":
        """A copy that streams from this one as `name`, by a role of password PASSWORD.

        On a host of its own it listens on the same port, as pods do.
        """
        directory = _directory()
        source = conninfo.make_conninfo(
            self.url("postgres", user=user), application_name=name, dbname="replication"
        )
        copy = ("-D", str(directory / "data"), "-d", source, "-R", "-c", "fast", "--no-sync")
        subprocess.run(  # noqa: S603
            [*as_postgres(), str(self.programs / "pg_basebackup"), *copy], check=True, cwd="/"
        )
        port = self.port if host else free_port()
        replica = Cluster(
            directory, port, {**self.settings}, host or self.host, programs=self.programs
        )
        replica.start()
        return replica

    def close(self) -> None:
        """Stop the server and remove its files."""
        self.stop()
        shutil.rmtree(self.directory)

    def _wait(self) -> None:
        deadline = time.monotonic() + 120
        while True:
            try:
                psycopg.connect(self.superuser_url, connect_timeout=2).close()
            except psycopg.OperationalError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.05)
            else:
                return


def signs_in(url: str) -> bool:
    """Whether one can sign in by a URL."""
    with contextlib.suppress(psycopg.OperationalError), psycopg.connect(url):
        return True
    return False


def create(**settings: str) -> Cluster:
    """Initialise and start a cluster; `settings` go over those that make tests fast."""
    return create_in(None, settings)


def create_in(parent: Path | None, settings: dict[str, str], programs: Path = PROGRAMS) -> Cluster:
    """As `create`, with its files in a directory of `parent`, and by other programs."""
    directory = _directory(parent)
    password_file = directory / "password"
    password_file.write_text(PASSWORD)
    password_file.chmod(0o644)
    subprocess.run(  # noqa: S603
        [
            *as_postgres(),
            str(programs / "initdb"),
            "-D",
            str(directory / "data"),
            "-U",
            "postgres",
            "--auth=scram-sha-256",
            f"--pwfile={password_file}",
            "--encoding=UTF8",
            "--locale=C.UTF-8",
            "--no-sync",
            "--no-instructions",
        ],
        check=True,
        stdout=subprocess.DEVNULL,
        cwd="/",
    )
    cluster = Cluster(directory, free_port(), settings, programs=programs)
    cluster.start()
    with psycopg.connect(cluster.superuser_url, autocommit=True) as connection:
        connection.execute(
            sql.SQL("CREATE ROLE owner LOGIN CREATEDB CREATEROLE PASSWORD {}").format(
                sql.Literal(PASSWORD)
            )
        )
    return cluster


def _directory(parent: Path | None = None) -> Path:
    directory = Path(tempfile.mkdtemp(prefix="authly-postgres-", dir=parent))
    if os.geteuid() == 0:
        account = pwd.getpwnam("postgres")
        os.chown(directory, account.pw_uid, account.pw_gid)
    return directory


def as_postgres() -> list[str]:
    """The start of a command line that drops root, which PostgreSQL refuses to run as.

    The server also ends when the test run that started it is killed: SIGINT is PostgreSQL's fast
    shutdown.
    """
    dropped = ["--reuid=postgres", "--regid=postgres", "--init-groups"] if not os.geteuid() else []
    return ["/usr/bin/setpriv", "--pdeathsig=INT", *dropped, "--"]
