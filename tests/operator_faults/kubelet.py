"""Plays the kubelet: containers of pods are processes here, or what a test says of them.

The controllers of Jobs, Deployments and ReplicaSets are the real ones.
"""

import base64
import contextlib
import json
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Protocol

import httpx
from tests.operator_faults.kubernetes_api import MERGE, Api, Object, path

from authly_operator import naming
from authly_server.storage import migration, role_lock
from authly_server.storage.claim import Claimant
from authly_server.storage.errors import MigrationError


Environ = dict[str, str]
Container = Callable[[str, str, Environ], None]
"""Starts a server's container: takes namespace, server and environment."""
RUNNING = {
    "phase": "Running",
    "conditions": [
        # Long ago, so that nobody waits for the Deployment's minReadySeconds.
        {"type": kind, "status": "True", "lastTransitionTime": "2026-01-01T00:00:00Z"}
        for kind in ("PodScheduled", "ContainersReady", "Ready")
    ],
}
SUCCEEDED = {"phase": "Succeeded"}
FAILED = {"phase": "Failed"}
EVICTED = {
    "phase": "Failed",
    "conditions": [
        {"type": "DisruptionTarget", "status": "True", "reason": "EvictionByEvictionAPI"}
    ],
}
SERVERS = f"{naming.COMPONENT_LABEL}={naming.Component.SERVER.value}"
PODS_AT_ONCE = 32
RETRY_SECONDS = "5"
"""After so long all pods are looked at again, and those tried that could not be started."""


class Database(Protocol):
    """Plays a database's pod, and the pods of Jobs that change it."""

    def start(self, environ: Environ) -> None:
        """The database's container starts."""

    def run(self, command: str, environ: Environ) -> Object:
        """The status of a Job's pod when its container has ended."""


@dataclass
class Kubelet:
    """Runs the pods of every namespace but those that are `held`; what cannot start is tried again.

    No pod waits for another one: one that cannot start takes up to half a minute to say so.
    """

    api: Api
    serve: Container
    stop: Callable[[str, Callable[[], bool]], None]
    """Ends the server's container of a namespace, unless that is still wanted."""
    held: dict[str, Object] = field(default_factory=dict)
    """By namespace: the status that its servers' pods have instead of running."""
    evicting: set[str] = field(default_factory=set)
    """Namespaces in which a node is drained just when the next Job's pod runs, once."""
    hopeless: set[str] = field(default_factory=set)
    """Namespaces whose servers cannot become ready any more, as a test wants it."""
    databases: dict[str, Database] = field(default_factory=dict)
    """By namespace: what plays the database that the operator runs there."""
    _failures: dict[str, tuple[Object, str]] = field(default_factory=dict)
    """By uid: pods that could not be started, and why."""
    _busy: set[str] = field(default_factory=set)
    """The uids of the pods that are being started."""
    _over: set[str] = field(default_factory=set)
    """The uids of pods that ran, of Jobs and of databases: none of them starts twice, however late
    an event about it comes. Others may: what they start is one process."""
    _pods: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(PODS_AT_ONCE))
    _serving: set[str] = field(default_factory=set)
    """The namespaces in which a server's process was started."""
    _told: set[tuple[str, str]] = field(default_factory=set)
    _ended: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        """Follow the pods until the end; a watch that ends is begun anew, and lists them all."""
        while not self._ended.is_set():
            with contextlib.suppress(httpx.TransportError):
                self._follow()

    def _follow(self) -> None:
        parameters = {"watch": "true", "timeoutSeconds": RETRY_SECONDS}
        with self.api.http.stream("GET", path("Pod", None), params=parameters) as told:
            if told.status_code != httpx.codes.OK:  # an API server that has just begun
                self._ended.wait(0.5)
                return
            self._pods.submit(self._stop_those_left)
            for line in told.iter_lines():
                event = json.loads(line)
                if self._ended.is_set():
                    return
                if event["type"] in {"ADDED", "MODIFIED"}:
                    self._take(event["object"])
                if event["type"] == "DELETED":
                    # Not here: its process may still be starting, which is waited for.
                    self._pods.submit(self._lose, event["object"])

    def end(self) -> None:
        self._ended.set()
        self._pods.shutdown()

    def failures(self) -> list[str]:
        """The pods that are there and could not be started, each with the last reason."""
        return [
            f"{pod['metadata']['namespace']}/{pod['metadata']['name']}: {reason}"
            for pod, reason in list(self._failures.values())
            if not self._is_gone(pod) and pod["metadata"]["namespace"] not in self.hopeless
        ]

    def _is_gone(self, pod: Object) -> bool:
        """Whether there is no such pod, or another one of its name, or one that is ending."""
        metadata = pod["metadata"]
        found = self.api.find("Pod", metadata["namespace"], metadata["name"])
        now = found["metadata"] if found else {}
        return now.get("uid") != metadata["uid"] or "deletionTimestamp" in now

    def _lose(self, pod: Object) -> None:
        """The last pod of a server is gone, and its process with it."""
        labels, namespace = pod["metadata"].get("labels", {}), pod["metadata"]["namespace"]
        self._failures.pop(pod["metadata"]["uid"], None)
        if labels.get(naming.COMPONENT_LABEL) == naming.Component.SERVER:
            self._stop(namespace)

    def _stop(self, namespace: str) -> None:
        self.stop(namespace, lambda: bool(self.api.select("Pod", namespace, SERVERS)))

    def _stop_those_left(self) -> None:
        """End the processes of pods that went between two watches: neither of them tells of it."""
        pods = self.api.select("Pod", None, SERVERS)
        for namespace in set(self._serving) - {pod["metadata"]["namespace"] for pod in pods}:
            self._stop(namespace)

    def _take(self, pod: Object) -> None:
        if "deletionTimestamp" in pod["metadata"] or pod["status"].get("phase") != "Pending":
            return
        uid = pod["metadata"]["uid"]
        if uid not in self._busy | self._over:
            self._busy.add(uid)
            self._pods.submit(self._start, pod)

    def _start(self, pod: Object) -> None:
        uid = pod["metadata"]["uid"]
        try:
            status = self._started(pod)
        except Exception as failure:  # noqa: BLE001 - told at the end, if nothing mends it
            self._failures[uid] = pod, str(failure)
            return
        else:
            self._failures.pop(uid, None)
            if status is not None and (uid, json.dumps(status)) not in self._told:
                self._told.add((uid, json.dumps(status)))
                self._tell(pod, status)
        finally:
            self._busy.discard(uid)

    def _started(self, pod: Object) -> Object | None:
        labels, namespace = pod["metadata"]["labels"], pod["metadata"]["namespace"]
        component = labels.get(naming.COMPONENT_LABEL)
        if component == naming.Component.MIGRATION:
            return self._ended_job(pod)
        if component == naming.Component.DATABASE and namespace in self.databases:
            self.databases[namespace].start(self._environment(pod))
            self._over.add(pod["metadata"]["uid"])
            return RUNNING
        if component != naming.Component.SERVER:
            return None
        if namespace in self.held:
            return self.held[namespace]
        if self._is_gone(pod):
            return None
        self._serving.add(namespace)
        self.serve(namespace, labels[naming.INSTANCE_LABEL], self._environment(pod))
        if self._is_gone(pod):  # while it started, so that its end was told before
            self._lose(pod)
        return RUNNING

    def _ended_job(self, pod: Object) -> Object:
        namespace, uid = pod["metadata"]["namespace"], pod["metadata"]["uid"]
        if namespace in self.evicting:
            self.evicting.discard(namespace)
            self._over.add(uid)
            return EVICTED
        status = self._run(pod)
        self._over.add(uid)
        return status

    def _run(self, pod: Object) -> Object:
        (container,) = pod["spec"]["containers"]
        (command, *_), environ = container["args"], self._environment(pod)
        own = self.databases.get(pod["metadata"]["namespace"])
        return own.run(command, environ) if own else JOBS[command](environ)

    def _tell(self, pod: Object, status: Object) -> None:
        metadata = pod["metadata"]
        place = path("Pod", metadata["namespace"], metadata["name"], "status")
        answer = self.api.http.patch(place, json={"status": status}, headers=MERGE)
        if answer.status_code not in {200, 404, 409}:
            self._failures[metadata["uid"]] = pod, answer.text

    def _environment(self, pod: Object) -> Environ:
        (container, *_) = pod["spec"]["containers"]
        return self.environment(pod["metadata"]["namespace"], container)

    def environment(self, namespace: str, container: Object) -> Environ:
        """What a container is given, as the kubelet resolves it."""
        found: Environ = {}
        for source in container.get("envFrom", ()):
            found |= self.api.get("ConfigMap", namespace, source["configMapRef"]["name"])["data"]
        for one in container.get("env", ()):
            text = self._value(namespace, one)
            found |= {} if text is None else {one["name"]: text}
        return found

    def _value(self, namespace: str, one: dict[str, Any]) -> str | None:
        """None where there is no such key, and need be none."""
        if "valueFrom" not in one:
            return str(one.get("value", ""))
        reference = one["valueFrom"].get("secretKeyRef")
        if reference is None:
            return ""
        data = self.api.get("Secret", namespace, reference["name"])["data"]
        if reference.get("optional") and reference["key"] not in data:
            return None
        return base64.b64decode(data[reference["key"]]).decode()


def migrate(environ: Environ) -> Object:
    """What the migration Job's container does."""
    migration.run(
        environ["DATABASE_URL"],
        server_url=environ["SERVER_DATABASE_URL"],
        operator_url=environ["OPERATOR_DATABASE_URL"],
        claimant=Claimant(
            owner=environ["INSTANCE_OWNER"],
            uid=environ["INSTANCE_UID"],
            taken_from=environ.get("INSTANCE_TAKEN_FROM"),
        ),
    )
    return SUCCEEDED


def lock_roles(environ: Environ) -> Object:
    """What the container of the Job does that locks the roles of before a rotation.

    While one is still used it fails, and the Job tries again.
    """
    urls = (
        environ[name] for name in ("DATABASE_URL", "SERVER_DATABASE_URL", "OPERATOR_DATABASE_URL")
    )
    try:
        role_lock.run(*urls, patience=15)
    except MigrationError:
        return FAILED
    return SUCCEEDED


JOBS: dict[str, Callable[[Environ], Object]] = {"migrate": migrate, "lock-roles": lock_roles}


@contextlib.contextmanager
def playing(kubelet: Kubelet) -> Iterator[None]:
    """The kubelet works while the block runs."""
    thread = threading.Thread(target=kubelet.run, name="kubelet")
    thread.start()
    try:
        yield
        assert kubelet.failures() == []
    finally:
        kubelet.end()
        thread.join()
