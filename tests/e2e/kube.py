"""kubectl for tests: objects as dicts, and waits that tell why they failed."""

import base64
import json
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.e2e.reader import Reader

from cluster import handle


Object = dict[str, Any]
SYSTEM = "authly-system"
PATIENCE = 120.0
INTERVAL = 0.2
RESOURCES = "authlyservers,authlyscopes,authlyclients"
ONE_SHOTS = "authlybackups,authlyrestores"
_SHOWN = 25


@dataclass(frozen=True)
class Kube:
    """A cluster's administrator; its methods raise `handle.CommandFailed` where kubectl fails."""

    cluster: handle.Cluster
    tools: Path
    reader: Reader

    def run(self, *arguments: str, timeout: float = 180.0) -> str:
        """Run kubectl and return what it printed."""
        config = str(self.cluster.place.kubeconfig)
        return handle.run(
            str(self.tools / "kubectl"), "--kubeconfig", config, *arguments, timeout=timeout
        )

    def helm(self, *arguments: str, timeout: float = 300.0) -> str:
        """Run helm and return what it printed."""
        config = str(self.cluster.place.kubeconfig)
        return handle.run(
            str(self.tools / "helm"), "--kubeconfig", config, *arguments, timeout=timeout
        )

    def json(self, *arguments: str) -> Object:
        """Run kubectl and read its answer."""
        answer: Object = json.loads(self.run(*arguments, "-o", "json"))
        return answer

    def apply(self, *manifests: Mapping[str, Any]) -> str:
        """Apply objects; what kubectl says of each."""
        path = self.cluster.place.root / f"applied-{time.monotonic_ns()}.json"
        path.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": manifests}))
        try:
            return self.apply_file(path)
        finally:
            path.unlink()

    def apply_file(self, path: Path) -> str:
        """Apply a file as it stands."""
        return self.run("apply", "-f", str(path))

    def find(self, kind: str, name: str, namespace: str) -> Object | None:
        """An object, or None where there is none."""
        return self.reader.find(kind, name, namespace)

    def get(self, kind: str, name: str, namespace: str) -> Object:
        """An object that must be there."""
        found = self.find(kind, name, namespace)
        if found is None:
            message = f"{kind} {namespace}/{name} is not there"
            raise handle.CommandFailed(message)
        return found

    def select(self, kinds: str, namespace: str | None = None, selector: str = "") -> list[Object]:
        """Objects of kinds (commas between), of all namespaces where none is named."""
        return self.reader.select(kinds, namespace, selector)

    def patch(self, kind: str, name: str, namespace: str, change: Mapping[str, Any]) -> None:
        """Merge a change into an object (RFC 7396)."""
        self.run("patch", kind, name, "-n", namespace, "--type=merge", "-p", json.dumps(change))

    def delete(self, kind: str, name: str, namespace: str, *flags: str) -> None:
        """Delete an object; waits for its end unless a flag says otherwise."""
        self.run("delete", kind, name, "-n", namespace, *flags)

    def secret(self, name: str, namespace: str) -> dict[str, str]:
        """The decoded data of a Secret."""
        data = self.get("secret", name, namespace)["data"]
        return {key: base64.b64decode(text).decode() for key, text in data.items()}

    def pods(self, namespace: str, component: str) -> list[Object]:
        """The pods of one component of the servers there, oldest first; those that leave, too."""
        found = self.select("pods", namespace, f"app.kubernetes.io/component={component}")
        return sorted(found, key=lambda pod: str(pod["metadata"]["creationTimestamp"]))

    def logs(self, pod: str, namespace: str, *flags: str) -> str:
        """What a pod's container has written."""
        return self.run("logs", pod, "-n", namespace, *flags)

    def operator_log(self, *flags: str) -> str:
        """What all pods of the operator have written."""
        chosen = ("-l", "app.kubernetes.io/name=authly-operator", "--prefix", "--tail=-1")
        return self.run("logs", "-n", SYSTEM, *chosen, *flags)

    def wait_for(
        self,
        kind: str,
        name: str,
        namespace: str,
        holds: Callable[[Object], bool],
        seconds: float = PATIENCE,
    ) -> Object:
        """The object as soon as it exists and the predicate holds.

        Raises:
            AssertionError: it did not within `seconds`; with conditions, events and the
                operator's last words.
        """
        last: Object | None = None

        def look() -> bool:
            nonlocal last
            last = self.find(kind, name, namespace)
            return last is not None and holds(last)

        self.wait_until(f"{kind} {namespace}/{name}", look, seconds, namespace=namespace)
        assert last is not None
        return last

    def wait_until(
        self,
        what: str,
        holds: Callable[[], bool],
        seconds: float = PATIENCE,
        *,
        namespace: str | None = None,
    ) -> float:
        """How many seconds it took until it held.

        Raises:
            AssertionError: it did not within `seconds`.
        """
        started = time.monotonic()
        while not holds():
            if time.monotonic() - started > seconds:
                told = self.explain(namespace)
                raise AssertionError(f"{what}: not as awaited after {seconds:.0f} s\n{told}")
            time.sleep(INTERVAL)
        return time.monotonic() - started

    def wait_ready(self, namespace: str, seconds: float = PATIENCE) -> None:
        """Wait until every custom resource of a namespace is Ready, as of its present spec."""
        self.wait_until(
            f"everything in {namespace}",
            lambda: all(is_ready(each) for each in self.select(RESOURCES, namespace)),
            seconds,
            namespace=namespace,
        )

    def explain(self, namespace: str | None = None) -> str:
        """Conditions, pods, events and the end of the operator's log, for a person who debugs."""
        lines = [
            line
            for each in self.select(f"{RESOURCES},{ONE_SHOTS}", namespace)
            for line in conditions_of(each)
        ]
        where = ["-n", namespace] if namespace else ["-A"]
        events = self.run("get", "events", *where, "--sort-by=.metadata.creationTimestamp")
        log = self.operator_log().splitlines()
        pods = self.run("get", "pods", *where, "-o", "wide")
        return "\n".join([*lines, pods, *_end(events.splitlines()), *_end(log)])


def _end(lines: list[str]) -> list[str]:
    return ["", *lines[-_SHOWN:]]


def condition(resource: Mapping[str, Any], kind: str) -> Mapping[str, Any]:
    """A condition of an object; status Unknown where there is none."""
    for each in (resource.get("status") or {}).get("conditions") or ():
        if each["type"] == kind:
            found: Mapping[str, Any] = each
            return found
    return {"type": kind, "status": "Unknown", "reason": "", "message": ""}


def is_current(resource: Mapping[str, Any]) -> bool:
    """Whether the status judges the present spec."""
    observed = (resource.get("status") or {}).get("observedGeneration")
    return bool(observed == resource["metadata"]["generation"])


def is_ready(resource: Mapping[str, Any]) -> bool:
    """Whether it is Ready, as of its present spec."""
    return is_current(resource) and condition(resource, "Ready")["status"] == "True"


def conditions_of(resource: Mapping[str, Any]) -> Iterable[str]:
    """A line a condition."""
    metadata = resource["metadata"]
    yield f"\n{resource['kind']} {metadata['namespace']}/{metadata['name']}"
    for each in (resource.get("status") or {}).get("conditions") or ():
        yield f"  {each['type']:18} {each['status']:8} {each['reason']}: {each['message']}"


def names(objects: Iterable[Mapping[str, Any]]) -> list[str]:
    """The names of objects."""
    return [str(each["metadata"]["name"]) for each in objects]


def uids(objects: Iterable[Mapping[str, Any]]) -> set[str]:
    """The uids of objects."""
    return {str(each["metadata"]["uid"]) for each in objects}
