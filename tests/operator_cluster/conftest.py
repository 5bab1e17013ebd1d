"""A kube-apiserver for all tests of the rim, and a wire to it that can be cut and frozen."""

import asyncio
import contextlib
import itertools
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml
from aiohttp import web

from authly_operator import naming
from authly_operator.cluster import apply, client
from cluster import handle


CRDS = Path(__file__).resolve().parents[2] / "crds"
_numbers = itertools.count(1)

Manifest = dict[str, Any]


@pytest.fixture(scope="package")
def control_plane() -> Iterator[handle.Cluster]:
    """A kube-apiserver that knows the three kinds, for every module of this folder."""
    cluster = handle.Cluster(f"test-rim-{os.getpid()}")
    try:
        cluster.up(control_plane=True)
        cluster.kubectl("apply", "--server-side", "-f", str(CRDS))
        cluster.wait_established("crd", "--all")
        yield cluster
    finally:
        cluster.down()


@pytest.fixture(scope="package")
def kubeconfig(control_plane: handle.Cluster) -> Path:
    return control_plane.place.kubeconfig


@pytest.fixture
async def api(kubeconfig: Path) -> AsyncIterator[client.Client]:
    connected = await client.Client.connect(str(kubeconfig))
    yield connected
    await connected.close()
    await asyncio.sleep(0.05)  # TLS says goodbye in the rounds after, on watches that ended now


@pytest.fixture
def applier(api: client.Client) -> apply.Applier:
    return apply.Applier(api)


@pytest.fixture
async def namespace(api: client.Client) -> str:
    """A namespace of the test's own; it goes with the whole cluster."""
    name = f"n{next(_numbers)}"
    await api.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
    return name


Make = Callable[..., Manifest]


@pytest.fixture
def config_map(namespace: str) -> Make:
    """A ConfigMap as the operator desires one for the server `main`."""

    def build(name: str = "main-config", data: Any = None, **metadata: Any) -> Manifest:
        return {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {
                "name": name,
                "namespace": namespace,
                "labels": naming.labels("main", naming.Component.SERVER),
                **metadata,
            },
            "data": {"LOG_LEVEL": "info"} if data is None else data,
        }

    return build


@pytest.fixture
async def authly_client(api: client.Client, namespace: str) -> Manifest:
    """An AuthlyClient that somebody made."""
    return await api.create(
        {
            "apiVersion": naming.API_VERSION,
            "kind": "AuthlyClient",
            "metadata": {"name": "shop", "namespace": namespace},
            "spec": {"serverRef": {"name": "main"}, "grantTypes": ["client_credentials"]},
        }
    )


@dataclass
class Wire:
    """TCP from a port of its own to another one, which breaks when the test says so."""

    target: int
    port: int = 0
    closed: bool = False
    _flowing: asyncio.Event = field(default_factory=asyncio.Event)
    _writers: list[asyncio.StreamWriter] = field(default_factory=list)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)
    _opening: set[asyncio.Task[Any]] = field(default_factory=set)

    async def take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.closed:
            writer.close()
            return
        if (opening := asyncio.current_task()) is not None:
            self._opening.add(opening)
            opening.add_done_callback(self._opening.discard)
        self._writers.append(writer)
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self.target)
        self._writers.append(far_writer)
        for pair in ((reader, far_writer), (far_reader, writer)):
            task = asyncio.create_task(self._pump(*pair))
            self._tasks.add(task)

    def cut(self) -> None:
        """Break every connection there is."""
        for writer in self._writers:
            writer.transport.abort()
        self._writers.clear()

    def freeze(self) -> None:
        """Forward nothing more, and close nothing either."""
        self._flowing.clear()

    def mute(self) -> None:
        """Forward nothing more on the connections that there are; later ones work."""
        for task in self._tasks:
            task.cancel()

    def thaw(self) -> None:
        self._flowing.set()

    async def end(self) -> None:
        """Leave no connection behind, also none that is being opened just now."""
        self.closed = True
        ending = [*self._opening, *self._tasks]
        for task in ending:
            task.cancel()
        await asyncio.gather(*ending, return_exceptions=True)
        self.cut()
        await asyncio.sleep(0.05)  # an aborted transport closes its socket in the next round

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            while data := await reader.read(65536):
                await self._flowing.wait()
                writer.write(data)
                await writer.drain()
        writer.close()


Rewritten = Callable[..., str]


@pytest.fixture
def rewritten(kubeconfig: Path, tmp_path: Path) -> Rewritten:
    """Answers the path of a kubeconfig with another port, or another user's token."""

    def write(port: int = 0, token: str = "") -> str:
        document, real = _server(kubeconfig)
        document["clusters"][0]["cluster"]["server"] = f"https://127.0.0.1:{port or real}"
        if token:
            document["users"][0]["user"] = {"token": token}
        path = tmp_path / f"{port}.kubeconfig"
        path.write_text(yaml.safe_dump(document))
        return str(path)

    return write


def _server(kubeconfig: Path) -> tuple[dict[str, Any], int]:
    document = yaml.safe_load(kubeconfig.read_text())
    url = document["clusters"][0]["cluster"]["server"]
    return document, int(url.rpartition(":")[2])


@pytest.fixture
async def wire(kubeconfig: Path) -> AsyncIterator[Wire]:
    made = Wire(_server(kubeconfig)[1])
    made.thaw()
    server = await asyncio.start_server(made.take, "127.0.0.1", 0)
    made.port = server.sockets[0].getsockname()[1]
    yield made
    server.close()
    await made.end()


@pytest.fixture
async def wired(rewritten: Rewritten, wire: Wire) -> AsyncIterator[client.Client]:
    """A client that reaches the API server by the wire."""
    connected = await client.Client.connect(rewritten(wire.port))
    yield connected
    await connected.close()


Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]
Pretend = Callable[[Answer], Awaitable[client.Client]]


@pytest.fixture
async def pretend(tmp_path: Path) -> AsyncIterator[Pretend]:
    """Clients of an HTTP server that answers what a healthy API server never would."""
    async with contextlib.AsyncExitStack() as stack:

        async def connect(answer: Answer) -> client.Client:
            app = web.Application()
            app.router.add_route("*", "/{path:.*}", answer)
            runner = web.AppRunner(app, shutdown_timeout=0.1)
            await runner.setup()
            stack.push_async_callback(runner.cleanup)
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            path = tmp_path / "pretended.kubeconfig"
            path.write_text(_plain_kubeconfig(runner.addresses[0][1]))
            connected = await client.Client.connect(str(path))
            stack.push_async_callback(connected.close)
            return connected

        yield connect


def _plain_kubeconfig(port: int) -> str:
    context = {"cluster": "it", "user": "me"}
    return yaml.safe_dump(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "it",
            "contexts": [{"name": "it", "context": context}],
            "clusters": [{"name": "it", "cluster": {"server": f"http://127.0.0.1:{port}"}}],
            "users": [{"name": "me", "user": {"token": "t"}}],
        }
    )
