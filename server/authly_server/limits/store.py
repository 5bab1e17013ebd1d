"""What a place that counts can do."""

from collections.abc import Sequence
from typing import Protocol

from authly_server.limits.rate import Bucket, Refusal


class Lost(Exception):  # noqa: N818  # the state of things, which the caller works around
    """The store does not answer, or not in time, or not as it should."""


class Store(Protocol):
    """Somewhere buckets are kept; each call is atomic over all of its buckets."""

    async def take(self, buckets: Sequence[Bucket]) -> Refusal | None:
        """Take one from each bucket; where one of them is empty, from none."""

    async def give_back(self, buckets: Sequence[Bucket]) -> None:
        """Undo one `take`."""

    async def forget(self, buckets: Sequence[Bucket]) -> None:
        """Fill each bucket up."""
