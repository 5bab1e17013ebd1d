"""Plays a database that the operator runs: a PostgreSQL of its own, and Jobs that are the program.

Its Service is a name that only a cluster's DNS knows. Operators find it by PGHOSTADDR, and Jobs by
URLs that lead there.
"""

import contextlib
import itertools
import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql
from tests.operator_faults.kubelet import FAILED, SUCCEEDED, Environ
from tests.operator_faults.kubernetes_api import Object

from authly_operator import naming
from throwaway import postgres as throwaway_postgres, server as throwaway_server
from throwaway.nursery import Nursery
from throwaway.postgres import Cluster


PORT = 5432
_numbers = itertools.count(1)


@dataclass
class ManagedDatabase:
    """The database of the server `main` of a namespace."""

    namespace: str
    cluster: Cluster
    forks: Nursery
    superuser: str
    """The URL of a superuser of the test's, whom no rotation is about."""
    started: int = 0
    """How often its pod was started."""

    @property
    def address(self) -> str:
        return self.cluster.host

    def start(self, environ: Environ) -> None:
        """The container starts, and its hook gives the owner the password of its environment."""
        self.started += 1
        statement = sql.SQL("ALTER ROLE postgres PASSWORD {}")
        with psycopg.connect(self.superuser, autocommit=True) as connection:
            connection.execute(statement.format(sql.Literal(environ["POSTGRES_PASSWORD"])))

    def run(self, command: str, environ: Environ) -> Object:
        """The status of a Job's pod when its container has ended."""
        given = {name: self.reached(text) for name, text in environ.items()}
        given |= {"PATH": os.defpath, "PYTHONPATH": str(throwaway_server.PROGRAM)}
        with tempfile.TemporaryDirectory() as directory:
            out, err = Path(directory, "out"), Path(directory, "err")
            code = self.forks.start([command], given, out, err).wait()
            assert "postgresql://" not in err.read_text()
        return SUCCEEDED if code == 0 else FAILED

    def reached(self, url: str) -> str:
        """The URL as it leads somewhere from here."""
        return url.replace(naming.database_host("main", self.namespace), self.address)


@contextlib.contextmanager
def running(namespace: str, forks: Nursery) -> Iterator[ManagedDatabase]:
    """One at an address of its own, on the port that all of them have, while the block runs."""
    cluster = throwaway_postgres.create()
    try:
        cluster.stop()
        cluster.host, cluster.port = _address(), PORT
        cluster.start()
        with psycopg.connect(cluster.superuser_url, autocommit=True) as connection:
            connection.execute("CREATE ROLE kubelet LOGIN SUPERUSER PASSWORD 'kubelet'")
            connection.execute("CREATE DATABASE authly")
        superuser = cluster.url("postgres", user="kubelet", password="kubelet")
        yield ManagedDatabase(namespace, cluster, forks, superuser)
    finally:
        cluster.close()


def _address() -> str:
    """One of the machine itself, which no other run of the tests uses."""
    high, low = divmod(os.getpid(), 250)
    return f"127.{1 + high % 250}.{1 + low}.{next(_numbers)}"
