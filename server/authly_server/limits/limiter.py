"""Where the server counts: in Redis while it answers, in this process otherwise."""

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from authly_server.limits.memory import Memory
from authly_server.limits.rate import Bucket, Refusal
from authly_server.limits.store import Lost, Store


_Answer = TypeVar("_Answer")


class Limiter:
    """A store that always answers; without `shared` it is the one of this process."""

    def __init__(self, own: Memory, shared: Store | None = None) -> None:
        self._own = own
        self._shared = shared

    async def take(self, buckets: Sequence[Bucket]) -> Refusal | None:
        """Take one from each bucket; where one of them is empty, from none."""
        return await self._ask(lambda store: store.take(buckets))

    async def give_back(self, buckets: Sequence[Bucket]) -> None:
        """Undo one `take`."""
        await self._ask(lambda store: store.give_back(buckets))

    async def forget(self, buckets: Sequence[Bucket]) -> None:
        """Fill each bucket up."""
        await self._ask(lambda store: store.forget(buckets))

    async def _ask(self, question: Callable[[Store], Awaitable[_Answer]]) -> _Answer:
        if self._shared is not None:
            try:
                return await question(self._shared)
            except Lost:
                pass  # noted where it was found
        return await question(self._own)
