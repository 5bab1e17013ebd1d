"""What many stories read in a row, read once: a server and its credentials, for a thousand clients.

An answer is used again until somebody says that the object changed, and for some seconds at most.
Whoever is served an older answer reads as if it had come a little earlier: it is woken, as then, by
the change itself.
"""

from collections.abc import Callable
from typing import Final, NamedTuple

from authly_operator.cluster import client
from authly_operator.cluster.client import Manifest


SECONDS: Final = 5.0
"""How long an object is believed that is not watched: that of a namespace of somebody else's."""


class _Name(NamedTuple):
    kind: str
    namespace: str
    name: str


class _Read(NamedTuple):
    at: float
    found: Manifest | None


class RecentReads:
    """GET, remembered; `monotonic` answers seconds, as `seconds` is."""

    def __init__(
        self, api: client.Client, monotonic: Callable[[], float], seconds: float = SECONDS
    ) -> None:
        self._api = api
        self._monotonic = monotonic
        self._seconds = seconds
        self._reads: dict[_Name, _Read] = {}
        self._forgotten = 0

    async def get(self, kind: str, namespace: str, name: str) -> Manifest | None:
        """An object, or None where there is none; nobody changes the answer.

        Raises:
            errors.ClusterError: as of `client.Client.get`.
        """
        key, now = _Name(kind, namespace, name), self._monotonic()
        read = self._reads.get(key)
        if read is not None and now - read.at < self._seconds:
            return read.found
        forgotten = self._forgotten
        found = await self._api.get(*key)
        if forgotten == self._forgotten:  # else it may be from before the change
            self._keep(key, _Read(now, found))
        return found

    def forget(self, kind: str, namespace: str, name: str) -> None:
        """The object changed, or may have."""
        self._forgotten += 1
        self._reads.pop(_Name(kind, namespace, name), None)

    def _keep(self, key: _Name, read: _Read) -> None:
        """Remember one more, and nothing that is too old anyway."""
        limit = read.at - self._seconds
        self._reads = {name: one for name, one in self._reads.items() if one.at > limit}
        self._reads[key] = read
