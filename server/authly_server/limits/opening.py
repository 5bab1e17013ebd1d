"""The limiter that the settings ask for, for as long as the server runs."""

import asyncio
import contextlib
import hashlib
from collections.abc import AsyncIterator, Callable
from typing import TYPE_CHECKING

from authly_server.limits.limiter import Limiter
from authly_server.limits.memory import Memory
from authly_server.metrics import Metrics
from authly_server.settings import Settings, SettingsError


if TYPE_CHECKING:
    from authly_server.limits.shared import Shared


@contextlib.asynccontextmanager
async def limiter(settings: Settings, metrics: Metrics) -> AsyncIterator[Limiter]:
    """A limiter; one of Redis needs no Redis yet.

    Raises:
        SettingsError: REDIS_URL cannot be read.
    """
    if settings.redis_url is None:
        yield Limiter(Memory())
        return
    shared = _shared(settings.redis_url, settings.issuer or "", metrics.limits_shared.set)
    task = asyncio.create_task(shared.run(), name="authly-redis")
    try:
        yield Limiter(Memory(), shared)
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


def check(settings: Settings) -> None:
    """Whether a limiter can be made of the settings; raises as `limiter` does."""
    if settings.redis_url is not None:
        _shared(settings.redis_url, "", lambda _: None)


def _shared(url: str, issuer: str, on_change: Callable[[bool], None]) -> "Shared":
    # Redis' client is a tenth of the memory of a server, and most have no Redis.
    from authly_server.limits.shared import Shared  # noqa: PLC0415

    # Instances may share a Redis, and tell each other's keys apart by the issuer.
    prefix = f"authly:{hashlib.sha256(issuer.encode()).hexdigest()[:12]}:"
    try:
        return Shared(url, prefix=prefix, on_change=on_change)
    except ValueError as error:
        line = "REDIS_URL: cannot be read"
        raise SettingsError((line,)) from error
