"""Authorization servers without a node: real databases, real processes, and names for them."""

import contextlib
import itertools
import json
import os
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.operator_faults import kubelet as kubelets
from tests.operator_faults.kubelet import Environ, Kubelet
from tests.operator_faults.kubernetes_api import Api, Object, custom, is_ready, opaque
from tests.operator_faults.operators import Nursery, Operator

from throwaway import server as throwaway_server
from throwaway.postgres import Cluster as Postgres
from throwaway.server import Server


ISSUER = "https://login.example.com"
SHOP = "https://shop.example/callback"
_OURS = frozenset({"PORT", "MANAGEMENT_PORT", "SIGNING_KEYS_FILE"})
"""Settings that the process gets by where it runs: not in a container, but here."""
_numbers = itertools.count(1)


@dataclass
class World:
    """Everything around the operators of a test."""

    api: Api
    nursery: Nursery
    postgres: Postgres
    template: str
    kubeconfig: Path
    servers: dict[str, Server] = field(default_factory=dict)
    """The processes, by namespace."""
    stopped: set[str] = field(default_factory=set)
    """Namespaces whose process waits for the next pod."""
    shared: Server | None = None
    """Where set, the process behind every Service of `issuer`; no others are started."""
    kubelet: Kubelet = field(init=False)
    _starting: defaultdict[str, threading.Lock] = field(
        default_factory=lambda: defaultdict(threading.Lock)
    )
    """By namespace: two pods of a server are one process."""

    def __post_init__(self) -> None:
        self.kubelet = Kubelet(self.api, self.serve, self.stop)

    def namespace(self, purpose: str) -> str:
        """A namespace of the test's own; it goes with the whole cluster."""
        name = f"{purpose}-{os.getpid()}-{next(_numbers)}"
        self.api.make_namespace(name)
        return name

    def operator(self, name: str, **settings: str) -> Operator:
        """An operator of that namespace, not started yet."""
        return Operator(self.api, self.nursery, name, self.kubeconfig, settings)

    def database(self, namespace: str) -> str:
        """Make a migrated database for the server there; its owner's URL."""
        name = f"{namespace.replace('-', '_')}_{next(_numbers)}"
        url = self.postgres.create_database(name, template=self.template)
        self.api.apply(opaque(namespace, "database", url=url))
        return url

    def serve(self, namespace: str, name: str, environ: Environ) -> None:
        """Start the server's process, as its Deployment's pod says, and make its Service known.

        Raises:
            RuntimeError: it did not become ready.
        """
        with self._starting[namespace]:
            running = self.shared or self.servers.get(namespace) or self._start(namespace, environ)
            if namespace in self.stopped:
                self.stopped.discard(namespace)
                running.start()
        self.nursery.publish(f"{name}.{namespace}.svc", running.port)

    def stop(self, namespace: str, unless: Callable[[], bool] = lambda: False) -> None:
        """Stop the server's process until one of its pods starts again.

        One that is starting is waited for: otherwise it would outlive its pod, and hold on to the
        database. `unless` is asked after that.
        """
        with self._starting[namespace]:
            if namespace in self.servers and namespace not in self.stopped and not unless():
                self.stopped.add(namespace)
                self.servers[namespace].stop()

    def _start(self, namespace: str, environ: Environ) -> Server:
        given = {key: text for key, text in environ.items() if key not in _OURS}
        url = given.pop("DATABASE_URL")
        started = throwaway_server.create(url, tls=False, start=False, **given)
        started.patience = 30  # some cannot start, as a test wants it, and are tried again
        with contextlib.ExitStack() as abandoned:
            abandoned.callback(started.close)
            ring = self.api.secret(namespace, "main-signing-keys")["keyring.json"]
            started.key_ring.write_text(ring)
            self._mount_account_keys(namespace, started)
            started.start()
            abandoned.pop_all()
        self.servers[namespace] = started
        return started

    def _mount_account_keys(self, namespace: str, started: Server) -> None:
        """The keys of the cluster's service accounts, where the pod mounts them."""
        if "KUBERNETES_JWKS_FILE" not in started.environ:
            return
        found = self.api.get("ConfigMap", namespace, "main-account-keys")
        mounted = started.directory / "account-keys.json"
        mounted.write_text(found["data"]["jwks.json"])
        started.environ["KUBERNETES_JWKS_FILE"] = str(mounted)

    def close(self) -> None:
        for each in self.servers.values():
            each.close()


@contextlib.contextmanager
def inhabited(world: World) -> Iterator[World]:
    """The kubelet runs while the block does; what it started ends with it."""
    try:
        with kubelets.playing(world.kubelet):
            yield world
    finally:
        world.close()


def server(namespace: str, **spec: object) -> Object:
    """An AuthlyServer on the database of its namespace."""
    reference = {"name": "database", "key": "url"}
    wanted = {
        "issuer": ISSUER,
        "replicas": 1,
        "database": {"external": {"secretRef": reference}},
        "allowedClients": {"namespaces": {"from": "All"}},
        **spec,
    }
    return custom("AuthlyServer", namespace, "main", wanted)


@contextlib.contextmanager
def shared(world: World) -> Iterator[None]:
    """In the block all Services of `ISSUER` lead to one process, and no others are started."""
    world.postgres.create_database("shared", template=world.template)
    process = throwaway_server.create(world.postgres.url("shared"), ISSUER=ISSUER)
    world.shared = process
    try:
        yield
    finally:
        world.shared = None
        process.close()
        world.postgres.drop_database("shared")


def parsed(document: str) -> dict[str, Any]:
    """A JSON object."""
    found: dict[str, Any] = json.loads(document)
    return found


@contextlib.contextmanager
def tended(world: World, purpose: str) -> Iterator[Operator]:
    """An operator of a namespace with a server that is Ready, for as long as the block runs."""
    namespace = world.namespace(purpose)
    world.database(namespace)
    world.api.apply(server(namespace))
    operator = world.operator(namespace)
    operator.start()
    try:
        world.api.wait_for("AuthlyServer", namespace, "main", is_ready)
        yield operator
    finally:
        operator.end()


def home(world: World) -> str:
    """A namespace with a server that is Ready, whose operator is gone again."""
    with tended(world, "home") as operator:
        return operator.name
