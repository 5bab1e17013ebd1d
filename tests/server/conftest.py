"""A loop that waits until all connections are closed."""

import asyncio
from collections.abc import AsyncIterator

import pytest


@pytest.fixture
async def farewells() -> AsyncIterator[None]:
    """Connections say goodbye by themselves; the loop must not end before they have."""
    loop = asyncio.get_running_loop()
    selector = loop._selector  # type: ignore[attr-defined]  # nothing else knows
    own = len(selector.get_map())
    yield
    async with asyncio.timeout(90):
        while len(selector.get_map()) > own:  # noqa: ASYNC110  # transports have no event
            await asyncio.sleep(0.005)
