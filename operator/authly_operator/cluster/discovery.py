"""Which of the optional kinds the cluster knows: asked once a minute, and never taken for granted.

Their definitions are somebody else's, who may install them later, or take them away.
"""

import asyncio
from dataclasses import dataclass, field
from typing import Final

from authly_operator.cluster import client, resources


SECONDS: Final = 60.0
"""How long an answer holds."""


@dataclass(slots=True)
class Discovery:
    """The last answer of one API server."""

    api: client.Client
    seconds: float = SECONDS
    _served: frozenset[str] = frozenset()
    _until: float = float("-inf")
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def serves(self, kind: str) -> bool:
        """Whether the cluster knows one of resources.OPTIONAL.

        Raises:
            errors.ClusterError: the API server did not answer.
        """
        async with self._lock:
            if asyncio.get_running_loop().time() >= self._until:
                await self._ask()
        return kind in self._served

    def forget(self) -> None:
        """A kind turned out to be gone: ask again next time."""
        self._until = float("-inf")

    async def _ask(self) -> None:
        versions = {resource.api_version for resource in resources.OPTIONAL}
        answers = await asyncio.gather(*map(self.api.served_kinds, sorted(versions)))
        self._served = frozenset().union(*answers)
        self._until = asyncio.get_running_loop().time() + self.seconds
