"""A server whose Jobs and pods are processes here: what the operator desires, it gets."""

import base64
import dataclasses
import subprocess
import sys
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql
from tests.operator_desired import plans
from typing_extensions import override

from authly_operator import desired, naming
from authly_operator.desired.plan import Plan
from authly_operator.material import owner_passwords, replication, role_swap
from authly_operator.observed import ChildKey, DatabaseProbe, Manifest, SecretData, ServerObserved
from authly_server.storage import errors, role_lock
from throwaway import server as throwaway_server
from throwaway.server import Server


ROOT = Path(__file__).resolve().parents[2]
SPEC: dict[str, Any] = {
    "issuer": throwaway_server.ISSUER,
    "replicas": 1,
    "database": {"external": {"secretRef": {"name": "pg", "key": "url"}}},
    "security": {"rateLimit": {"enabled": False}},
}


class Died(Exception):  # noqa: N818 - says what happened
    """The operator was killed before a write."""


@dataclass
class Site:
    """One server, and what there is of it."""

    owner: str
    now: datetime = plans.NOW
    spec: dict[str, Any] = field(default_factory=lambda: dict(SPEC))
    annotations: dict[str, str] = field(default_factory=dict)
    secrets: dict[str, dict[str, str]] = field(default_factory=dict)
    children: dict[ChildKey, Manifest] = field(default_factory=dict)
    pods: list[Server] = field(default_factory=list)
    """The process that serves now last; those before it serve until `drain`."""
    failing: bool = False
    """Whether Jobs fail without having done anything."""
    impatient: bool = False
    """Whether the Job that locks roles gives up at once."""
    looks: int = 0
    lives: int | None = None
    """How many writes the operator lives for; for ever where None."""

    @property
    def credentials(self) -> dict[str, str]:
        return self.secrets["main-credentials"]

    def look(self, **after: float) -> Plan:
        """The operator looks and writes, and the cluster does as it is told."""
        self.now += timedelta(**after)
        self.looks += 1
        plan = self._plan()
        manifests = desired.manifests(plan)
        held = desired.held(plan)
        wanted = {(one["kind"], one["metadata"]["name"]) for one in manifests} | held
        for one in manifests:
            self._write(one)
        for key in self.children.keys() - wanted:
            self._live()
            del self.children[key]
        return plan

    def _live(self) -> None:
        """Before each write."""
        if self.lives == 0:
            raise Died
        self.lives = None if self.lives is None else self.lives - 1

    def settle(self) -> None:
        """Look until nothing moves any more."""
        for _ in range(8):
            self.look(minutes=2)

    def drain(self) -> None:
        """The pods of before end."""
        while len(self.pods) > 1:
            self.pods.pop(0).close()

    def close(self) -> None:
        for pod in self.pods:
            pod.close()

    @property
    def swap(self) -> role_swap.Roles:
        """How far it is, by what was written."""
        return role_swap.parse(self.credentials.get(role_swap.KEY))

    def _plan(self) -> Plan:
        around = {**self.secrets, "pg": {"url": self.owner}}
        seen = ServerObserved(
            identity=dataclasses.replace(plans.IDENTITY, annotations=self.annotations),
            secrets={name: SecretData(data) for name, data in around.items()},
            children=dict(self.children),
            database=DatabaseProbe(),
        )
        spec = plans.plan(self.spec).spec
        return plans.plan_of(spec, seen, bytes([self.looks]) * 64, self.now)

    def _write(self, one: Manifest) -> None:
        key = one["kind"], one["metadata"]["name"]
        match one["kind"]:
            case "Secret" if self.secrets.get(key[1]) != _decoded(one):
                self._live()
                self.secrets[key[1]] = _decoded(one)
            case "Secret":
                pass
            case "Job":
                self._live()
                self.children[key] = self._run(one)
            case "Deployment":
                self.children[key] = self._roll_out(one)
            case _:
                self.children[key] = one

    def _run(self, job: Manifest) -> Manifest:
        if self.failing:
            return _with_condition(job, "Failed", self.now)
        (container,) = job["spec"]["template"]["spec"]["containers"]
        if self.impatient and container["name"] == "lock-roles":
            return self._lock(job, self._environ(container))
        ended = subprocess.run(  # noqa: S603 - the program under test
            [sys.executable, "-m", "authly_server", *container["args"]],
            env={"PYTHONPATH": str(ROOT / "server"), **self._environ(container)},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert "postgresql://" not in ended.stderr
        done = "Complete" if ended.returncode == 0 else "Failed"
        return _with_condition(job, done, self.now)

    def _lock(self, job: Manifest, environ: dict[str, str]) -> Manifest:
        roles = environ["SERVER_DATABASE_URL"], environ["OPERATOR_DATABASE_URL"]
        try:
            owners = environ.get("NEXT_DATABASE_URL"), environ.get("REPLICATION_URL")
            role_lock.run(environ["DATABASE_URL"], *roles, owners=owners, patience=0)
        except errors.MigrationError:
            return _with_condition(job, "Failed", self.now)
        return _with_condition(job, "Complete", self.now)

    def _roll_out(self, wanted: Manifest) -> Manifest:
        before = self.children.get(("Deployment", "main"))
        if before is not None and _hash(before) == _hash(wanted):
            return before
        self._live()
        (container,) = wanted["spec"]["template"]["spec"]["containers"]
        url = self._environ(container)["DATABASE_URL"]
        self.pods.append(throwaway_server.create(url, tls=False))
        over = {"type": "Progressing", "status": "True", "reason": "NewReplicaSetAvailable"}
        counts = dict.fromkeys(("replicas", "updatedReplicas", "availableReplicas"), 1)
        return {
            **wanted,
            "status": {**counts, "conditions": [{**over, "lastUpdateTime": self.now.isoformat()}]},
        }

    def _environ(self, container: Manifest) -> dict[str, str]:
        found = {}
        for one in container["env"]:
            reference = one.get("valueFrom", {}).get("secretKeyRef")
            if reference is None:
                found[one["name"]] = one["value"]
            elif not reference.get("optional") or reference["key"] in self.credentials:
                found[one["name"]] = self.reached(self.credentials[reference["key"]])
        return found

    def reached(self, url: str) -> str:
        """The URL as it leads somewhere from here."""
        return url


def _decoded(secret: Manifest) -> dict[str, str]:
    return {key: base64.b64decode(text).decode() for key, text in secret["data"].items()}


def _hash(one: Manifest) -> str:
    return str(one["spec"]["template"]["metadata"]["annotations"][naming.CONFIG_HASH_ANNOTATION])


def _with_condition(job: Manifest, kind: str, at: datetime) -> Manifest:
    final = {"type": kind, "status": "True", "lastTransitionTime": at.isoformat()}
    return {**job, "status": {"conditions": [final]}}


@dataclass
class ManagedSite(Site):
    """A server whose database is a pod: a cluster of the test's own, reached by another name.

    `owner` is a superuser of the test's, whom no rotation is about.
    """

    place: str = ""
    """Address and port of the database."""
    started: int = 0
    """How often its pod was made."""

    def start_database(self) -> None:
        """A container starts, and its hook gives the owner the password that the Secret has."""
        self.started += 1
        with psycopg.connect(self.owner, autocommit=True) as connection:
            for role, key in (
                ("postgres", owner_passwords.OWNER),
                (replication.ROLE, replication.PASSWORD),
            ):
                statement = sql.SQL("ALTER ROLE {} PASSWORD {}")
                password = sql.Literal(self.credentials[key])
                connection.execute(statement.format(sql.Identifier(role), password))

    @override
    def reached(self, url: str) -> str:
        host = f"{naming.database_host('main', plans.IDENTITY.namespace)}:5432"
        return url.replace(host, self.place)

    @override
    def _write(self, one: Manifest) -> None:
        key = one["kind"], one["metadata"]["name"]
        if key != ("StatefulSet", naming.database("main")):
            super()._write(one)
            return
        before = self.children.get(key)
        if before is None or _password_hash(before) != _password_hash(one):
            self._live()
            self.start_database()
            self.children[key] = {**one, "status": {"readyReplicas": 1, "updatedReplicas": 1}}


def _password_hash(one: Manifest) -> str:
    annotations = one["spec"]["template"]["metadata"]["annotations"]
    return str(annotations[naming.PASSWORD_HASH_ANNOTATION])
