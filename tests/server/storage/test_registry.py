"""What the server caches about clients and scopes, and what makes it forget."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from authly_server.storage import registry as storage_registry
from authly_server.storage.pool import Database
from authly_server.storage.registry import Registry, Shelf


class Time:
    """A clock that stands still until it is told otherwise."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
async def registry(database: Database, time: Time) -> AsyncIterator[Registry]:
    found = Registry(database, monotonic=time)
    await found.start()

    async def is_listening() -> bool:
        return found.is_listening

    await eventually(is_listening)
    yield found
    await found.close()


async def eventually(judge: Callable[[], Awaitable[bool]]) -> None:
    """Wait until it is so."""
    async with asyncio.timeout(90):
        while not await judge():  # noqa: ASYNC110  # the database has no event to wait for
            await asyncio.sleep(0.01)


async def display_name(registry: Registry) -> str | None:
    found = await registry.client("shop")
    return None if found is None else found.display_name


async def becomes(registry: Registry, name: str | None) -> None:
    async def is_so() -> bool:
        return await display_name(registry) == name

    await eventually(is_so)


@pytest.mark.usefixtures("client")  # created before anybody listens
async def test_a_client_is_asked_for_once(registry: Registry, owner: Any) -> None:
    assert await display_name(registry) == "The shop"
    owner.execute("UPDATE authly.clients SET display_name = 'unannounced'")
    assert await display_name(registry) == "The shop"


async def test_a_change_is_seen_as_soon_as_it_is_announced(registry: Registry, owner: Any) -> None:
    owner.apply_client()
    assert await display_name(registry) == "The shop"
    owner.apply_client(display_name="The new shop")
    await becomes(registry, "The new shop")


async def test_an_unknown_client_is_known_as_soon_as_it_is_created(
    registry: Registry, owner: Any
) -> None:
    assert await registry.client("shop") is None
    owner.apply_client()
    await becomes(registry, "The shop")


async def test_a_deleted_client_is_forgotten(registry: Registry, owner: Any) -> None:
    owner.apply_client()
    assert await display_name(registry) == "The shop"
    owner.execute("SELECT authly_api.delete_client('shop', 'default/shop', 1)")
    await becomes(registry, None)


async def test_a_new_scope_is_seen_as_soon_as_it_is_announced(
    registry: Registry, owner: Any
) -> None:
    assert len(await registry.scopes()) == 7
    owner.apply_scope(name="orders", owner="default/orders")

    async def is_so() -> bool:
        return len(await registry.scopes()) == 8

    await eventually(is_so)


@pytest.mark.usefixtures("client")  # created before anybody listens
async def test_what_changed_while_nobody_listened_is_seen_after_the_reconnect(
    registry: Registry, owner: Any
) -> None:
    assert await display_name(registry) == "The shop"
    owner.execute("UPDATE authly.clients SET display_name = 'unannounced'")
    owner.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE application_name = 'authly-server listener' AND datname = current_database()"
    )
    await becomes(registry, "unannounced")


@pytest.mark.usefixtures("client")  # created before anybody listens
async def test_without_any_announcement_the_lifetime_heals(
    registry: Registry, owner: Any, time: Time
) -> None:
    await display_name(registry)
    owner.execute("UPDATE authly.clients SET display_name = 'unannounced'")
    time.now += storage_registry.LIFETIME
    assert await display_name(registry) == "unannounced"


async def test_an_unknown_client_is_asked_for_again_after_a_moment(
    registry: Registry, owner: Any, time: Time
) -> None:
    assert await registry.client("shop") is None
    owner.execute(
        "INSERT INTO authly.clients (client_id, display_name, type, auth_method, grant_types,"
        " redirect_uris, audiences)"
        " VALUES ('shop', 'unannounced', 'public', 'none', '{}', '{}', '{}')"
    )
    assert await registry.client("shop") is None
    time.now += storage_registry.UNKNOWN_LIFETIME
    assert await display_name(registry) == "unannounced"


def test_a_shelf_is_bounded_and_keeps_what_is_used() -> None:
    shelf: Shelf[str] = Shelf(lifetime=10.0, capacity=2, monotonic=Time())
    shelf.put("a", "1")
    shelf.put("b", "2")
    assert shelf.get("a") == "1"
    shelf.put("c", "3")
    assert (shelf.get("a"), shelf.get("b"), shelf.get("c")) == ("1", None, "3")
    assert len(shelf) == 2
