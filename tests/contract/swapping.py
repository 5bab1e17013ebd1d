"""A server whose Jobs and pods are processes here: what the operator desires, it gets."""

import base64
import dataclasses
import subprocess
import sys
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from tests.operator_desired import plans

from authly_operator import desired, naming
from authly_operator.desired.plan import Plan
from authly_operator.material import role_swap
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
        self.children = {key: one for key, one in self.children.items() if key in wanted}
        for one in manifests:
            self._write(one)
        return plan

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
            case "Secret":
                self.secrets[key[1]] = _decoded(one)
            case "Job":
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
            role_lock.run(environ["DATABASE_URL"], *roles, patience=0)
        except errors.MigrationError:
            return _with_condition(job, "Failed", self.now)
        return _with_condition(job, "Complete", self.now)

    def _roll_out(self, wanted: Manifest) -> Manifest:
        before = self.children.get(("Deployment", "main"))
        if before is not None and _hash(before) == _hash(wanted):
            return before
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
            key = one.get("valueFrom", {}).get("secretKeyRef", {}).get("key")
            found[one["name"]] = self.credentials[key] if key else one["value"]
        return found


def _decoded(secret: Manifest) -> dict[str, str]:
    return {key: base64.b64decode(text).decode() for key, text in secret["data"].items()}


def _hash(one: Manifest) -> str:
    return str(one["spec"]["template"]["metadata"]["annotations"][naming.CONFIG_HASH_ANNOTATION])


def _with_condition(job: Manifest, kind: str, at: datetime) -> Manifest:
    final = {"type": kind, "status": "True", "lastTransitionTime": at.isoformat()}
    return {**job, "status": {"conditions": [final]}}
