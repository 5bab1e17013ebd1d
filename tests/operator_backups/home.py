"""An AuthlyServer with backups, on a database and a claim of its own, and its operator."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, LiteralString

import psycopg
from tests.operator_backups.job_pods import JobPods
from tests.operator_faults import world as worlds
from tests.operator_faults.kubernetes_api import Object, condition, custom, is_ready, opaque
from tests.operator_faults.operators import Operator
from tests.operator_faults.world import World

from throwaway.postgres import Cluster


CLAIM = "dumps"
ON_CLAIM = {"persistentVolumeClaim": {"claimName": CLAIM}}
BACKUP = {"destination": ON_CLAIM, "schedule": "0 3 1 1 *"}
PATIENCE = 420.0
"""Seconds; the controller of Jobs waits longer before each try."""
Settings = Mapping[str, str]
NO_SETTINGS: Settings = {}
FINAL = frozenset({"Succeeded", "Failed"})


@dataclass
class Home:
    """One namespace with the AuthlyServer `main`."""

    world: World
    pods: JobPods
    namespace: str
    operator: Operator
    url: str
    """The database's owner's."""

    @property
    def files(self) -> Path:
        """The claim that backups go to."""
        return self.pods.directory(self.namespace, CLAIM)

    def dumps(self) -> list[str]:
        return sorted(one.name for one in self.files.glob("*.sql.gz"))

    def back_up(self, name: str, **spec: Any) -> Object:
        """Ask for a backup and wait for what comes of it."""
        self.ask("AuthlyBackup", name, **spec)
        return self.ended("AuthlyBackup", name)

    def ask(self, kind: str, name: str, **spec: Any) -> Object:
        wanted = {"serverRef": {"name": "main"}, **spec}
        return self.world.api.apply(custom(kind, self.namespace, name, wanted))

    def ended(self, kind: str, name: str) -> Object:
        return self.world.api.wait_for(kind, self.namespace, name, is_over, PATIENCE)

    def get(self, kind: str, name: str = "main") -> Object:
        return self.world.api.get(kind, self.namespace, name)

    def serve(self, **spec: Any) -> None:
        """Make or change the AuthlyServer and wait until it is Ready."""
        self.world.api.apply(worlds.server(self.namespace, **spec))
        self.world.api.wait_for("AuthlyServer", self.namespace, "main", is_ready)


def rows(url: str, statement: LiteralString, *parameters: object) -> list[tuple[Any, ...]]:
    """What a database answers."""
    with psycopg.connect(url, autocommit=True) as connection:
        return connection.execute(statement, parameters).fetchall()


def is_over(resource: Object) -> bool:
    return (resource.get("status") or {}).get("phase") in FINAL


def why(resource: Object) -> tuple[str, str]:
    """Reason and message of Ready."""
    ready = condition(resource)
    return ready.get("reason", ""), ready.get("message", "")


@contextmanager
def home(
    world: World,
    pods: JobPods,
    purpose: str,
    settings: Settings = NO_SETTINGS,
    elsewhere: Cluster | None = None,
    **spec: Any,
) -> Iterator[Home]:
    """A server that is Ready, and its operator with those settings, which ends with the block.

    Its database is of `elsewhere`, where that is given, and an empty one to begin with.
    """
    namespace = world.namespace(purpose)
    if elsewhere is None:
        url = world.database(namespace)
    else:
        url = elsewhere.create_database(namespace)
        world.api.apply(opaque(namespace, "database", url=url))
    made = Home(world, pods, namespace, world.operator(namespace, **settings), url)
    made.operator.start()
    try:
        made.serve(**({"backup": BACKUP} | spec))
        yield made
    finally:
        made.operator.end()
