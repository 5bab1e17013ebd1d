"""Candidates for one Lease on a real kube-apiserver, each with a clock of its own."""

import asyncio
from dataclasses import dataclass, field
from typing import Any

from authly_operator.clock import SystemClock
from authly_operator.cluster import client, lease
from authly_operator.cluster.lease import Lease, Timing


QUICK = Timing(duration=4, deadline=3.0, renew=0.2, attempt=2.5)


@dataclass
class Elapsed:
    """The machine's seconds, and those that the test adds: a process that was suspended."""

    added: float = 0.0

    def __call__(self) -> float:
        return lease.elapsed() + self.added


@dataclass
class Candidates:
    """Makes candidates for one Lease, each with its own clock."""

    api: client.Client
    namespace: str
    elapsed: dict[str, Elapsed] = field(default_factory=dict)

    def make(self, identity: str, api: client.Client | None = None, **changes: Any) -> Lease:
        self.elapsed[identity] = Elapsed()
        given = {"clock": SystemClock(), "timing": QUICK, **changes}
        return Lease(
            api or self.api,
            self.namespace,
            "authly-operator",
            identity,
            elapsed=self.elapsed[identity],
            **given,
        )

    async def read(self) -> dict[str, Any]:
        found = await self.api.get("Lease", self.namespace, "authly-operator")
        assert found is not None
        return found

    async def wait_renewed(self) -> None:
        """Wait until the holder renewed the Lease once more."""
        before = (await self.read())["spec"]["renewTime"]
        for _ in range(2000):
            if (await self.read())["spec"]["renewTime"] != before:
                return
            await asyncio.sleep(0.05)
        raise AssertionError("nobody renews the Lease")

    async def delete(self) -> None:
        uid = (await self.read())["metadata"]["uid"]
        await self.api.delete("Lease", self.namespace, "authly-operator", uid)


async def looked(candidate: Lease) -> None:
    """Wait until the candidate has seen the Lease that another one holds."""
    for _ in range(3000):
        if candidate._sight is not None:
            return
        await asyncio.sleep(0.02)
    raise AssertionError("the candidate never looked")
