"""Clients and scopes as the server last saw them: in memory, dropped when they change.

A change is announced by NOTIFY; when the listening connection was lost everything is dropped, and
a lifetime is the backstop where even that fails.
"""

import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Final, Generic, TypeVar

from authly_server.model.client import Client
from authly_server.model.scope import Scope
from authly_server.storage import clients, notify, scopes
from authly_server.storage.pool import Database


LIFETIME: Final = 30.0
UNKNOWN_LIFETIME: Final = 5.0
MOST_CLIENTS: Final = 10_000
MOST_UNKNOWN: Final = 1_000


V = TypeVar("V")


class Shelf(Generic[V]):
    """A bounded cache whose entries expire; the one least recently used leaves first."""

    def __init__(self, *, lifetime: float, capacity: int, monotonic: Callable[[], float]) -> None:
        self._lifetime = lifetime
        self._capacity = capacity
        self._monotonic = monotonic
        self._entries: OrderedDict[str, tuple[float, V]] = OrderedDict()

    def get(self, key: str) -> V | None:
        """What was put under the key, if it is there and fresh."""
        expires_at, value = self._entries.get(key, (0.0, None))
        if value is None or expires_at <= self._monotonic():
            self._entries.pop(key, None)
            return None
        self._entries.move_to_end(key)
        return value

    def put(self, key: str, value: V) -> None:
        """Keep the value for the shelf's lifetime."""
        self._entries[key] = (self._monotonic() + self._lifetime, value)
        self._entries.move_to_end(key)
        if len(self._entries) > self._capacity:
            self._entries.popitem(last=False)

    def drop(self, key: str) -> None:
        """Forget one entry."""
        self._entries.pop(key, None)

    def clear(self) -> None:
        """Forget everything."""
        self._entries.clear()

    def __len__(self) -> int:
        return len(self._entries)


class Registry:
    """What requests ask for clients and scopes; `start` makes it listen, `close` ends that.

    `lifetime` in seconds is for how long what is cached counts; 0 is for not at all.
    """

    def __init__(
        self,
        database: Database,
        *,
        lifetime: float = LIFETIME,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._database = database
        self._clients: Shelf[Client] = Shelf(
            lifetime=lifetime, capacity=MOST_CLIENTS, monotonic=monotonic
        )
        # Apart, so that guessed identifiers push no real client out.
        self._unknown: Shelf[bool] = Shelf(
            lifetime=min(lifetime, UNKNOWN_LIFETIME), capacity=MOST_UNKNOWN, monotonic=monotonic
        )
        self._scopes: Shelf[tuple[Scope, ...]] = Shelf(
            lifetime=lifetime, capacity=1, monotonic=monotonic
        )
        self._origins: Shelf[frozenset[str]] = Shelf(
            lifetime=lifetime, capacity=1, monotonic=monotonic
        )
        self._changes = 0
        self._listener = notify.Listener(
            database.url, on_change=self._drop, on_connect=self._drop_all
        )

    async def start(self) -> None:
        """Listen for changes from now on."""
        self._listener.start()

    async def close(self) -> None:
        """Stop listening; what is cached stays for its lifetime."""
        await self._listener.close()

    @property
    def is_listening(self) -> bool:
        """Whether changes are heard of now; where not, entries live for their lifetime."""
        return self._listener.is_listening

    def cached_client(self, client_id: str) -> Client | None:
        """The client of that identifier where it is in memory, enabled or not: always one value."""
        return self._clients.get(client_id)

    async def client(self, client_id: str) -> Client | None:
        """The client of that identifier, enabled or not.

        Raises:
            errors.Unavailable: it is not cached and the database does not answer.
        """
        if (cached := self.cached_client(client_id)) is not None:
            return cached
        if self._unknown.get(client_id):
            return None
        changes = self._changes
        found = await clients.find(self._database, client_id)
        if changes == self._changes:  # otherwise what was read may be older than the change
            self._keep(client_id, found)
        return found

    async def scopes(self) -> tuple[Scope, ...]:
        """Every scope, ordered by name; raises as `client` does."""
        return await self._whole(self._scopes, scopes.find_all)

    async def origins(self) -> frozenset[str]:
        """Every origin that an enabled client calls from; raises as `client` does."""
        return await self._whole(self._origins, clients.find_origins)

    async def _whole(self, shelf: Shelf[V], find: Callable[[Database], Awaitable[V]]) -> V:
        """What is cached in one piece."""
        if (cached := shelf.get("")) is not None:
            return cached
        changes = self._changes
        found = await find(self._database)
        if changes == self._changes:
            shelf.put("", found)
        return found

    def _keep(self, client_id: str, found: Client | None) -> None:
        if found is None:
            self._unknown.put(client_id, True)  # the value says nothing
        else:
            self._clients.put(client_id, found)

    def _drop(self, payload: str) -> None:
        self._changes += 1
        kind, _, name = payload.partition(":")
        if kind == "client":
            self._clients.drop(name)
            self._unknown.drop(name)
            self._origins.clear()
        else:
            self._drop_all()

    def _drop_all(self) -> None:
        self._changes += 1
        for shelf in (self._clients, self._unknown, self._scopes, self._origins):
            shelf.clear()
