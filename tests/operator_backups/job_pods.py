"""Plays the kubelet for Jobs of backups and restores: each container is the real program.

Init containers run one after another, then the container; what a program says last is its
termination message, as /dev/termination-log has it.
"""

import contextlib
import os
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
from tests.operator_faults.kubelet import RUNNING, Environ
from tests.operator_faults.kubernetes_api import MERGE, Object, path
from tests.operator_faults.world import World

from authly_operator import naming
from throwaway.nursery import Nursery
from throwaway.server import Process


ROOT = Path(__file__).resolve().parents[2]
COMPONENTS = ",".join((naming.Component.BACKUP, naming.Component.MAINTENANCE))
SELECTOR = f"{naming.COMPONENT_LABEL} in ({COMPONENTS})"
LONGEST_MESSAGE = 4096
SHARED = {"BACKUP_DUMP_DIRECTORY", "BACKUP_ORDER_DIRECTORY"}


@dataclass
class JobPods:
    """Runs the pods of every namespace; those whose container is `held` wait before it."""

    world: World
    claims: Path
    forks: Nursery
    held: set[tuple[str, str]] = field(default_factory=set)
    """Namespace and the name of a container."""
    doomed: set[tuple[str, str]] = field(default_factory=set)
    """The same: killed as soon as it runs, once."""
    spoiled: set[str] = field(default_factory=set)
    """Namespaces whose claims cannot be written to."""
    programs: dict[str, Path] = field(default_factory=dict)
    """By namespace: what the image of PostgreSQL has instead of its own programs."""
    failures: list[str] = field(default_factory=list)
    ran: list[tuple[str, str, int]] = field(default_factory=list)
    """Namespace, container and exit status of all that ended."""
    _known: set[str] = field(default_factory=set)
    _ended: threading.Event = field(default_factory=threading.Event)
    _pool: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(8))
    _running: list["Future[None]"] = field(default_factory=list)

    def follow(self) -> None:
        while not self._ended.wait(0.3):
            with contextlib.suppress(httpx.TransportError):  # the next look is soon
                self._look()

    def _look(self) -> None:
        # Those that are over are many in the end, and would be read each time.
        for pod in self.world.api.select("Pod", None, SELECTOR, "status.phase=Pending"):
            uid = pod["metadata"]["uid"]
            if uid not in self._known:
                self._known.add(uid)
                self._running.append(self._pool.submit(self._run, pod))

    def end(self) -> None:
        self._ended.set()
        self._pool.shutdown(wait=True)
        self.failures += [str(one.exception()) for one in self._running if one.exception()]

    def directory(self, namespace: str, claim: str) -> Path:
        """What is on a claim."""
        found = self.claims / namespace / claim
        found.mkdir(parents=True, exist_ok=True)
        return found

    def _run(self, pod: Object) -> None:
        spec, states = pod["spec"], dict[str, Object]()
        inits = spec.get("initContainers", [])
        self._tell(pod, states, "Running")
        for container in (*inits, *spec["containers"]):
            if not self._may_start(pod, container):
                return
            started = now()
            code, said = self._process(pod, container)
            ended = {"exitCode": code, "message": said, "startedAt": started, "finishedAt": now()}
            reason = "Completed" if code == 0 else "Error"
            states[container["name"]] = {"terminated": {**ended, "reason": reason}}
            self.ran.append((pod["metadata"]["namespace"], container["name"], code))
            if code:
                self._tell(pod, states, "Failed")
                return
            last = container is spec["containers"][-1]
            self._tell(pod, states, "Succeeded" if last else "Running")

    def _may_start(self, pod: Object, container: Object) -> bool:
        place = pod["metadata"]["namespace"], container["name"]
        while place in self.held:
            if self._ended.wait(0.3):
                return False
        return not self._is_gone(pod)

    def _is_gone(self, pod: Object) -> bool:
        metadata = pod["metadata"]
        found = self.world.api.find("Pod", metadata["namespace"], metadata["name"])
        return found is None or "deletionTimestamp" in found["metadata"]

    def _process(self, pod: Object, container: Object) -> tuple[int, str]:
        environ = self._environment(pod, container)
        place = pod["metadata"]["namespace"], container["name"]
        is_doomed = place in self.doomed
        with tempfile.TemporaryDirectory() as directory:
            out, err = Path(directory, "out"), Path(directory, "err")
            process: Process
            if "command" in container:  # of PostgreSQL's image
                program, script = container["command"]
                process = spawn([program, self._shared(pod, script)], environ, out, err)
            else:
                arguments = container["args"]
                process = self.forks.start(arguments, environ, out, err, suspended=is_doomed)
            if is_doomed:
                self.doomed.discard(place)
                process.kill()
            returned = process.wait()
            lines = (out if returned == 0 else err).read_text().strip().splitlines()
        code = returned if returned >= 0 else 128 - returned
        return code, (lines[-1] if lines else "")[:LONGEST_MESSAGE]

    def _environment(self, pod: Object, container: Object) -> Environ:
        namespace = pod["metadata"]["namespace"]
        found = self.world.kubelet.environment(namespace, container)
        for volume in pod["spec"]["volumes"]:
            claim = (volume.get("persistentVolumeClaim") or {}).get("claimName")
            if claim and "BACKUP_DIRECTORY" in found:
                place = str(self.directory(namespace, claim))
                found["BACKUP_DIRECTORY"] = f"{place}/no" if namespace in self.spoiled else place
        for name in SHARED & found.keys():
            found[name] = self._shared(pod, found[name])
        own = self.programs.get(namespace) if "command" in container else None
        given = f"{own}:{os.environ['PATH']}" if own else os.environ["PATH"]
        return {"PATH": given, "PYTHONPATH": str(ROOT / "server"), **found}

    def _shared(self, pod: Object, place: str) -> str:
        """A path on what the containers of a pod share."""
        root = self.claims / pod["metadata"]["uid"]
        for name in ("order", "dumps"):
            (root / name).mkdir(parents=True, exist_ok=True)
        return f"{root}{place}"

    def _tell(self, pod: Object, states: dict[str, Object], phase: str) -> None:
        metadata, spec = pod["metadata"], pod["spec"]
        status: dict[str, Any] = {**RUNNING, "phase": phase}
        for kind, key in (("initContainers", "init"), ("containers", "")):
            name = f"{key}ContainerStatuses" if key else "containerStatuses"
            status[name] = [_seen(one, states.get(one["name"], {})) for one in spec.get(kind, ())]
        place = path("Pod", metadata["namespace"], metadata["name"], "status")
        answer = self.world.api.http.patch(place, json={"status": status}, headers=MERGE)
        if answer.status_code not in {200, 404, 409}:
            self.failures.append(answer.text)


def spawn(argv: list[str], environ: Environ, out: Path, err: Path) -> "subprocess.Popen[bytes]":
    with out.open("wb") as said, err.open("wb") as told:
        return subprocess.Popen(argv, env=environ, stdout=said, stderr=told)  # noqa: S603 - ours


def _seen(container: Object, state: Object) -> Object:
    return {
        "name": container["name"],
        "image": container["image"],
        "imageID": "",
        "ready": False,
        "restartCount": 0,
        "state": state,
    }


def now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")  # noqa: TID251 - as kubelets do


@contextlib.contextmanager
def playing(world: World, claims: Path, forks: Nursery) -> Iterator[JobPods]:
    """The pods run while the block does."""
    pods = JobPods(world, claims, forks)
    thread = threading.Thread(target=pods.follow, name="job-pods")
    thread.start()
    try:
        yield pods
        assert pods.failures == []
    finally:
        pods.end()
        thread.join()
