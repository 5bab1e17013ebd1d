"""The whole story of an AuthlyServer on a real kube-apiserver, told a step at a time.

Kubernetes' own controllers run there, and nothing else: the kubelet's part is played by the tests,
as are those of provisioners and of other operators.
"""

import asyncio
import itertools
import json
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from authly_operator import entropy, naming
from authly_operator.clock import SystemClock
from authly_operator.cluster import accounts, apply, client, discovery, recent_reads
from authly_operator.dependants import Dependants
from authly_operator.instance import registry
from authly_operator.metrics import Metrics
from authly_operator.observed import Settings
from authly_operator.reconcile import server
from authly_operator.reconcile.collaborators import Collaborators
from authly_operator.workqueue import Key
from cluster import handle
from throwaway import optional_crds


CRDS = Path(__file__).resolve().parents[2] / "crds"
_numbers = itertools.count(1)
Manifest = dict[str, Any]


@pytest.fixture(scope="package")
def control_plane() -> Iterator[handle.Cluster]:
    """A kube-apiserver that knows the three kinds, and CloudNativePG's."""
    cluster = handle.Cluster(f"test-story-{os.getpid()}")
    try:
        cluster.up(control_plane=True)
        theirs = str(optional_crds.paths()["Cluster"])
        cluster.kubectl("apply", "--server-side", "-f", str(CRDS), "-f", theirs)
        cluster.wait_established("crd", "--all")
        for kind in ("clusters.postgresql.cnpg.io", "authlyservers"):
            cluster.kubectl("get", "-A", kind)  # tries again until the kind is really served
        yield cluster
    finally:
        cluster.down()


@pytest.fixture
async def api(control_plane: handle.Cluster) -> AsyncIterator[client.Client]:
    connected = await client.Client.connect(str(control_plane.place.kubeconfig))
    yield connected
    await connected.close()


@pytest.fixture
async def namespace(api: client.Client) -> str:
    """A namespace of the test's own; it goes with the whole cluster."""
    name = f"story{next(_numbers)}"
    await api.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
    return name


@dataclass
class Story:
    """One AuthlyServer `main`, and the operator that looks after it when it is told to."""

    tools: Collaborators
    namespace: str
    control_plane: handle.Cluster
    place: Path

    async def begin(self, **spec: Any) -> None:
        """Make the resource, and look after it once."""
        await self.tools.api.create(
            {
                "apiVersion": naming.API_VERSION,
                "kind": "AuthlyServer",
                "metadata": {"name": "main", "namespace": self.namespace},
                "spec": {"issuer": "https://auth.example.com", **spec},
            }
        )
        await self.go_on()

    async def edit(self, **spec: Any) -> None:
        """Merge fields into the spec, and look after it once."""
        await self.tools.api.merge("AuthlyServer", self.namespace, "main", {"spec": spec})
        await self.go_on()

    async def go_on(self) -> None:
        """Reconcile once."""
        await server.reconcile(self.tools, Key("AuthlyServer", self.namespace, "main"))

    async def get(self, kind: str, name: str = "main") -> Any:
        """An object as it is, or None."""
        return await self.tools.api.get(kind, self.namespace, name)

    async def create(self, kind: str, name: str, **parts: Any) -> Any:
        """Make an object that is not the operator's."""
        return await self.tools.api.create(
            {
                "apiVersion": "v1",
                "kind": kind,
                "metadata": {"name": name, "namespace": self.namespace},
                **parts,
            }
        )

    async def kubectl(self, *arguments: str) -> str:
        """What the operator itself has no business with."""
        return await asyncio.to_thread(self.control_plane.kubectl, *arguments)

    async def apply(self, body: Manifest) -> None:
        """Make an object of the whole cluster."""
        path = self.place / f"{body['kind']}.json"
        path.write_text(json.dumps(body))
        await self.kubectl("apply", "-f", str(path))

    async def until(self, holds: Callable[[], Awaitable[bool]]) -> None:
        """Wait for what a controller does."""
        async with asyncio.timeout(60):
            while not await holds():  # noqa: ASYNC110 - the API server tells nobody
                await asyncio.sleep(0.1)

    async def tell(self, kind: str, name: str, **status: Any) -> None:
        """Write a status, as the controller of that kind does."""
        place = ("-n", self.namespace, kind.lower(), name)
        patch = json.dumps({"status": status})
        command = ("patch", *place, "--subresource=status", "--type=merge", "-p", patch)
        await self.kubectl(*command)

    async def conditions(self) -> dict[str, tuple[str, str, str]]:
        """Status, reason and message of each."""
        body = await self.get("AuthlyServer")
        return {
            one["type"]: (one["status"], one["reason"], one["message"])
            for one in body["status"]["conditions"]
        }


@pytest.fixture
async def story(
    api: client.Client, namespace: str, control_plane: handle.Cluster, tmp_path: Path
) -> AsyncIterator[Story]:
    async with aiohttp.ClientSession() as http:
        tools = Collaborators(
            api=api,
            recent=recent_reads.RecentReads(api, lambda: 0.0, seconds=0),
            discovery=discovery.Discovery(api, seconds=0),
            accounts=accounts.Accounts(api, seconds=0),
            applier=apply.Applier(api),
            http=http,
            clock=SystemClock(),
            draw=entropy.draw,
            draw_rsa_key=entropy.draw_rsa_key,
            settings=Settings(),
            epoch=lambda: 1,
            wake=lambda _: None,
            wake_later=lambda _: None,
            dependants=Dependants(),
            metrics=Metrics(),
        )
        yield Story(tools, namespace, control_plane, tmp_path)
    registry.close()
