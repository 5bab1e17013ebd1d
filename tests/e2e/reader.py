"""Reads from the API server over connections that stay open, by kubectl's words for kinds.

kubectl takes a tenth of a second of computing for each look, and tests look often.
"""

import contextlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
from tests.e2e.patience import Patient
from tests.operator_faults import kubernetes_api

from cluster import handle


Object = dict[str, Any]
_GROUPS = {
    "Accept": "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList",
}
_TRIES = 3


@dataclass(frozen=True)
class Served:
    """A kind as the API server serves it: `root` is the path of its group and version."""

    kind: str
    api_version: str
    plural: str
    namespaced: bool

    def path(self, namespace: str | None, name: str = "") -> str:
        """The path of an object or of a collection; of all namespaces where none is named."""
        root = "/apis" if "/" in self.api_version else "/api"
        inside = f"namespaces/{quote(namespace)}" if namespace and self.namespaced else ""
        parts = (root, self.api_version, inside, self.plural, quote(name, safe=":"))
        return "/".join(part for part in parts if part)


@dataclass
class Reader:
    """An administrator who only looks.

    Its methods raise `handle.CommandFailed`, as kubectl's do, where the API server refuses or
    cannot be reached.
    """

    http: httpx.Client = field(repr=False)
    _served: dict[str, Served] = field(default_factory=dict, repr=False)

    def find(self, kind: str, name: str, namespace: str) -> Object | None:
        """An object, or None where there is none."""
        answer = self._ask(self._known(kind).path(namespace, name))
        return None if answer.status_code == httpx.codes.NOT_FOUND else told(answer)

    def select(self, kinds: str, namespace: str | None, selector: str) -> list[Object]:
        """Objects of kinds (commas between), of all namespaces where none is named."""
        return [
            {"apiVersion": served.api_version, "kind": served.kind, **item}
            for served in map(self._known, kinds.split(","))
            for item in self._listed(served, namespace, selector)
        ]

    def _listed(self, served: Served, namespace: str | None, selector: str) -> list[Object]:
        found = told(self._ask(served.path(namespace), labelSelector=selector))
        items: list[Object] = found["items"]
        return items

    def _known(self, kind: str) -> Served:
        """What a word means; the API server is asked again when it may have learnt a new one."""
        word = kind.lower()
        if word not in self._served:
            self._served = self._discover()
        if word not in self._served:
            message = f"the server doesn't have a resource type {kind!r}"
            raise handle.CommandFailed(message)
        return self._served[word]

    def _discover(self) -> dict[str, Served]:
        """Every word for each kind; that of the first group, where several have it."""
        groups = [
            group for path in ("/api", "/apis") for group in told(self._ask(path, _GROUPS))["items"]
        ]
        found: dict[str, Served] = {}
        for group in groups:
            for word, served in words(group):
                found.setdefault(word, served)
        return found

    def _ask(
        self, path: str, headers: Mapping[str, str] | None = None, **parameters: str
    ) -> httpx.Response:
        for _ in range(_TRIES - 1):
            # A kept connection may be closed by the other side just now.
            with contextlib.suppress(httpx.TransportError):
                return self.http.get(path, params=parameters, headers=headers)
        try:
            return self.http.get(path, params=parameters, headers=headers)
        except httpx.TransportError as error:
            raise handle.CommandFailed(f"GET {path}: {error!r}") from error


def words(group: Object) -> Iterator[tuple[str, Served]]:
    """The words for the kinds of a group's preferred version, which is the first one."""
    name = group["metadata"].get("name", "")
    version = group["versions"][0]
    api_version = f"{name}/{version['version']}" if name else version["version"]
    for one in version["resources"]:
        kind, plural = one["responseKind"]["kind"], one["resource"]
        served = Served(kind, api_version, plural, one["scope"] == "Namespaced")
        full = f"{plural}.{name}" if name else plural
        for word in (plural, full, one["singularResource"], kind.lower(), *_short(one)):
            yield word, served


def _short(resource: Object) -> list[str]:
    names: list[str] = resource.get("shortNames", [])
    return names


def told(answer: httpx.Response) -> Object:
    """What the API server answered.

    Raises:
        handle.CommandFailed: it refused.
    """
    if answer.is_error:
        raise handle.CommandFailed(f"{answer.request.url}: {answer.status_code}: {answer.text}")
    found: Object = json.loads(answer.text)
    return found


@contextlib.contextmanager
def connected(kubeconfig: Path) -> Iterator[Reader]:
    """The administrator of a kubeconfig, while the block runs."""
    with kubernetes_api.connected(kubeconfig, Patient) as api:
        yield Reader(api.http)
