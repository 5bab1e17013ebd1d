"""Many resources at once, written by sixteen hands: created, edited, deleted, counted."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from tests.e2e.kube import Kube, is_ready

from authly_operator.cluster import client


HANDS = 16
INTERVAL = 1.0
Object = dict[str, Any]


@dataclass(frozen=True)
class Crowd:
    """Resources of one kind, everywhere in a cluster."""

    kube: Kube
    kind: str

    def create(self, manifests: Iterable[Object]) -> None:
        """Create them all."""

        async def one(api: client.Client, manifest: Object) -> None:
            await api.create(manifest)

        self._each(list(manifests), one)

    def edit(self, spec: Object) -> None:
        """Merge a change into the spec of all."""

        async def one(api: client.Client, body: Object) -> None:
            metadata = body["metadata"]
            await api.merge(self.kind, metadata["namespace"], metadata["name"], {"spec": spec})

        self._each(self.all(), one)

    def delete(self) -> None:
        """Ask for the deletion of all."""

        async def one(api: client.Client, body: Object) -> None:
            metadata = body["metadata"]
            await api.delete(self.kind, metadata["namespace"], metadata["name"], metadata["uid"])

        self._each(self.all(), one)

    def all(self) -> list[Object]:
        """Every one as it is now."""

        async def listed(api: client.Client) -> list[Object]:
            return await api.list_objects(self.kind)

        return asyncio.run(self._connected(listed))

    def wait_until(
        self, holds: Callable[[Sequence[Object]], bool], since: float, seconds: float
    ) -> float:
        """Seconds after `since` at which it held.

        Raises:
            TimeoutError: it did not within `seconds`.
        """
        while not holds(found := self.all()):
            if time.monotonic() - since > seconds:
                ready = sum(map(is_ready, found))
                message = f"{self.kind}: {ready} of {len(found)} are Ready after {seconds:.0f} s"
                raise TimeoutError(message)
            time.sleep(INTERVAL)
        return time.monotonic() - since

    def _each(
        self, objects: list[Object], work: Callable[[client.Client, Object], Awaitable[None]]
    ) -> None:
        async def all_of_them(api: client.Client) -> None:
            waiting = iter(objects)

            async def hand() -> None:
                for one in waiting:
                    await work(api, one)

            await asyncio.gather(*(hand() for _ in range(HANDS)))

        asyncio.run(self._connected(all_of_them))

    async def _connected(self, work: Callable[[client.Client], Awaitable[Any]]) -> Any:
        api = await client.Client.connect(str(self.kube.cluster.place.kubeconfig))
        try:
            return await work(api)
        finally:
            await api.close()


def all_ready(how_many: int) -> Callable[[Sequence[Object]], bool]:
    """Whether so many are there, and all of them are Ready as of their present specs."""
    return lambda found: len(found) == how_many and all(map(is_ready, found))


def none_left(found: Sequence[Object]) -> bool:
    """Whether all are gone."""
    return not found
