"""Where it happens: the embedded cluster, or one of the user's own, by its kubeconfig context."""

import base64
import contextlib
import json
import re
import shlex
import socket
import ssl
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cluster import handle, layout
from demo import program


ROOT = Path(__file__).resolve().parents[2]
ISSUER_PORT = 8443


@dataclass(frozen=True)
class Address:
    """How the server's Service is reached from here; plain HTTP where there is no `tls`."""

    port: int
    tls: ssl.SSLContext | None


@dataclass(frozen=True)
class Place:
    """A cluster; `embedded` is None where it is the user's own."""

    kubectl: tuple[str, ...]
    helm: tuple[str, ...]
    embedded: handle.Cluster | None = None

    def run(self, *arguments: str) -> str:
        """Run kubectl."""
        return program.run([*self.kubectl, *arguments])

    def json(self, *arguments: str) -> dict[str, Any]:
        """Run kubectl and read its answer."""
        answer: dict[str, Any] = json.loads(self.run(*arguments, "-o", "json"))
        return answer

    def secret(self, namespace: str, name: str) -> dict[str, str]:
        """The decoded data of a Secret."""
        data = self.json("get", "secret", "-n", namespace, name)["data"]
        return {key: base64.b64decode(text).decode() for key, text in data.items()}

    def words(self) -> tuple[str, list[str]]:
        """How kubectl is written in a command to copy, and what must be typed once before."""
        if self.embedded is None:
            return shlex.join(self.kubectl), []
        config = shlex.quote(str(self.embedded.place.kubeconfig))
        tools = shlex.quote(str(Path(self.kubectl[0]).parent))
        return "kubectl", [f"export KUBECONFIG={config}", f"export PATH={tools}:$PATH"]


def start_embedded(name: str) -> Place:
    """Bring the embedded cluster up, or find it so.

    Raises:
        Failure: it does not start.
    """
    cluster = handle.Cluster(name)
    program.run(cluster.argv("up"), shown=True)
    argv = [sys.executable, str(layout.SOURCE), "tools"]
    tools = program.run(argv, shown=True).split()[-1]
    config = ("--kubeconfig", str(cluster.place.kubeconfig))
    return Place((f"{tools}/kubectl", *config), (f"{tools}/helm", *config), cluster)


def find_context(name: str) -> Place:
    """The cluster of a context of the user's kubeconfig.

    Raises:
        Failure: kubectl or helm is missing, or the cluster does not answer.
    """
    program.need("helm")
    found = Place(("kubectl", "--context", name), ("helm", "--kube-context", name))
    found.run("version", "-o", "json")
    return found


@contextlib.contextmanager
def reach(place: Place, namespace: str, service: str) -> Iterator[Address]:
    """A way to the Service while the block runs.

    Raises:
        Failure: there is none.
    """
    if place.embedded is None:
        argv = [*place.kubectl, "port-forward", "-n", namespace, f"service/{service}", ":80"]
        with program.background(argv, until="Forwarding from 127.0.0.1:") as line:
            yield Address(_port(line), None)
        return
    target = (str(_free(ISSUER_PORT)), f"{service}.{namespace}:80", "--tls")
    authority = str(place.embedded.place.authority)
    argv = place.embedded.argv("forward", *target)
    with program.background(argv, until="Forwarding 127.0.0.1:") as line:
        yield Address(_port(line), ssl.create_default_context(cafile=authority))


def _port(line: str) -> int:
    found = re.search(r"127\.0\.0\.1:(\d+)", line)
    return int(found[1]) if found else 0


def _free(port: int) -> int:
    """The port if nobody has it, else 0: any other."""
    try:
        with socket.create_server(("127.0.0.1", port)):
            return port
    except OSError:
        return 0
