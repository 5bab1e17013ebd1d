"""The API server for tests that have no event loop: objects as dicts, and waits for conditions."""

import base64
import contextlib
import json
import ssl
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import yaml

from authly_operator import naming
from authly_operator.cluster import resources


Object = dict[str, Any]
PATIENCE = 150.0
INTERVAL, LONGEST_INTERVAL = 0.05, 0.25
"""Seconds between two looks: each of a long wait's is work that others, beside, wait for."""
LIMITS = httpx.Limits(max_connections=100, max_keepalive_connections=20, keepalive_expiry=None)
"""Idle connections stay: one thread would close what has just been given to another."""
APPLY = {"Content-Type": "application/apply-patch+yaml"}
MERGE = {"Content-Type": "application/merge-patch+json"}


@dataclass(frozen=True)
class Api:
    """An administrator of one API server."""

    http: httpx.Client = field(repr=False)

    def find(self, kind: str, namespace: str | None, name: str) -> Object | None:
        answer = self.http.get(path(kind, namespace, name))
        if answer.status_code == httpx.codes.NOT_FOUND:
            return None
        return told(answer)

    def get(self, kind: str, namespace: str | None, name: str) -> Object:
        found = self.find(kind, namespace, name)
        assert found is not None, f"{kind} {namespace}/{name} is not there"
        return found

    def select(
        self, kind: str, namespace: str | None, selector: str = "", fields: str = ""
    ) -> list[Object]:
        parameters = {"labelSelector": selector, "fieldSelector": fields}
        listed = told(self.http.get(path(kind, namespace), params=parameters))
        return [{"kind": kind, **item} for item in listed["items"] or ()]

    def apply(self, manifest: Object, subresource: str = "") -> Object:
        metadata = manifest["metadata"]
        place = path(manifest["kind"], metadata.get("namespace"), metadata["name"], subresource)
        owner = {"fieldManager": "people", "force": "true"}
        sent = self.http.patch(place, json=manifest, params=owner, headers=APPLY)
        return told(sent)

    def merge(
        self, kind: str, namespace: str, name: str, patch: Object, subresource: str = ""
    ) -> Object:
        place = path(kind, namespace, name, subresource)
        return told(self.http.patch(place, json=patch, headers=MERGE))

    def delete(self, kind: str, namespace: str | None, name: str, **options: str) -> None:
        """Ask for its end; options are parameters, such as propagationPolicy."""
        answer = self.http.delete(path(kind, namespace, name), params=options)
        assert answer.status_code in {200, 202, 404}, answer.text

    def make_namespace(self, name: str) -> None:
        self.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})

    def secret(self, namespace: str, name: str) -> dict[str, str]:
        """The data of a Secret as text; nothing where there is none."""
        found = self.find("Secret", namespace, name) or {}
        data = found.get("data") or {}
        return {key: base64.b64decode(text).decode() for key, text in data.items()}

    def wait_for(
        self,
        kind: str,
        namespace: str,
        name: str,
        fits: Callable[[Object], bool],
        seconds: float = PATIENCE,
    ) -> Object:
        """Wait until the object is there and fits; the object."""
        last: list[Object | None] = [None]

        def there() -> bool:
            last[0] = self.find(kind, namespace, name)
            return last[0] is not None and fits(last[0])

        wait_until(f"{kind} {namespace}/{name}", there, seconds, lambda: shown(last[0]))
        assert last[0] is not None
        return last[0]

    def wait_gone(self, kind: str, namespace: str | None, name: str) -> None:
        last: Object | None = None

        def is_gone() -> bool:
            nonlocal last
            last = self.find(kind, namespace, name)
            return last is None

        wait_until(f"end of {kind} {name}", is_gone, seen=lambda: shown(last))


def path(kind: str, namespace: str | None, name: str = "", subresource: str = "") -> str:
    return resources.get(kind).path(namespace, name, subresource)


def told(answer: httpx.Response) -> Object:
    assert answer.status_code < httpx.codes.BAD_REQUEST, f"{answer.status_code}: {answer.text}"
    found: Object = json.loads(answer.text)
    return found


def shown(found: Object | None) -> str:
    """An object for people, without what nobody asks for."""
    if found is None:
        return "nothing"
    metadata = {key: part for key, part in found["metadata"].items() if key != "managedFields"}
    return json.dumps({**found, "metadata": metadata}, indent=1)


def wait_until(
    what: str,
    holds: Callable[[], bool],
    seconds: float = PATIENCE,
    seen: Callable[[], str] = lambda: "",
) -> None:
    deadline = time.monotonic() + seconds
    interval = INTERVAL
    while not holds():
        assert time.monotonic() < deadline, f"no {what} within {seconds:.0f} s: {seen()}"
        time.sleep(interval)
        interval = min(interval * 1.2, LONGEST_INTERVAL)


def condition(resource: Object, kind: str = "Ready") -> Object:
    conditions = (resource.get("status") or {}).get("conditions") or ()
    found: Object = next((one for one in conditions if one["type"] == kind), {})
    return found


def is_ready(resource: Object) -> bool:
    """Whether Ready is True about the spec as it is."""
    current = (resource.get("status") or {}).get("observedGeneration")
    generation = resource["metadata"]["generation"]
    return condition(resource).get("status") == "True" and current == generation


def custom(kind: str, namespace: str, name: str, spec: Object) -> Object:
    """One of the operator's resources."""
    metadata = {"name": name, "namespace": namespace}
    return {"apiVersion": naming.API_VERSION, "kind": kind, "metadata": metadata, "spec": spec}


def opaque(namespace: str, name: str, **data: str) -> Object:
    """A Secret."""
    metadata = {"name": name, "namespace": namespace}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": data}


@contextlib.contextmanager
def connected(
    kubeconfig: Path, transport: type[httpx.HTTPTransport] = httpx.HTTPTransport
) -> Iterator[Api]:
    """The administrator of a kubeconfig with certificates."""
    document = yaml.safe_load(kubeconfig.read_text())
    cluster, user = document["clusters"][0]["cluster"], document["users"][0]["user"]
    trust = ssl.create_default_context(cadata=_text(cluster["certificate-authority-data"]))
    with tempfile.NamedTemporaryFile("w") as pair:
        pair.write(_text(user["client-certificate-data"]) + _text(user["client-key-data"]))
        pair.flush()
        trust.load_cert_chain(pair.name)
    sending = transport(verify=trust, limits=LIMITS)
    with httpx.Client(base_url=cluster["server"], transport=sending, timeout=30) as http:
        yield Api(http)


def _text(encoded: str) -> str:
    return base64.b64decode(encoded).decode()
