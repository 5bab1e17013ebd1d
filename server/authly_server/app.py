"""`serve`: what `assembly` makes of the settings, and two listeners.

The order of the end matters: not ready, then every answer closes its connection, then nobody is
let in, then what is in flight is finished, and only then the pool is closed.
"""

import asyncio
import contextlib
import signal
import sys
from collections.abc import AsyncIterator, Coroutine
from typing import Any

import uvloop
from aiohttp import web

from authly_server import assembly, settings as configuration, telemetry
from authly_server.logout.courier import Courier
from authly_server.settings import Settings, SettingsError
from authly_server.tokens.keyring import KeyRingError, KeyRingFile, Keys
from authly_server.web import application, exposition, malformed
from authly_server.web.services import Services


DRAIN_SECONDS = 3.0
FINISH_SECONDS = 17.0
KEYS_EVERY_SECONDS = 2.0
# A browser with several open sign-ins sends their cookies along.
MOST_HEADER_BYTES = 32 * 1024
BACKLOG = 512
_log = telemetry.logger(__name__)


def run(settings: Settings) -> int:
    """Serve until SIGTERM or SIGINT; answer the exit code, 2 for settings that cannot work."""
    try:
        configuration.check_serving(settings)
        keys = assembly.load_keys(settings)
        telemetry.configure("debug" if settings.debug else settings.log_level)
        malformed.install()
        uvloop.run(serve(settings, keys))
    except SettingsError as error:
        sys.stderr.writelines(f"{line}\n" for line in error.lines)
        return 2
    return 0


async def serve(settings: Settings, keys: Keys) -> None:
    """Listen, and end gracefully when asked to."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with (
        assembly.services(settings, keys) as found,
        _refreshing(keys),
        _telling_clients(found),
    ):
        app = application.build(found)
        async with contextlib.AsyncExitStack() as listeners:
            await listeners.enter_async_context(_listening(app, settings.port))
            if settings.metrics_enabled:
                management = exposition.build(found.metrics)
                await listeners.enter_async_context(
                    _listening(management, settings.management_port)
                )
            _announce(settings)
            await stop.wait()
            _log.info("stopping")
            found.lifecycle.is_draining = True
            await asyncio.sleep(DRAIN_SECONDS)
    _log.info("stopped")


def _announce(settings: Settings) -> None:
    for line in settings.without_effect:
        _log.warning("setting without effect", setting=line)
    _log.info(
        "serving",
        environment=settings.environment,
        issuer=settings.issuer,
        port=settings.port,
        jwt_algorithm=settings.jwt_algorithm,
    )


@contextlib.asynccontextmanager
async def _listening(app: web.Application, port: int) -> AsyncIterator[None]:
    runner = web.AppRunner(
        app,
        access_log=None,
        # A compressed body is refused unread; nothing is to be unpacked before that.
        auto_decompress=False,
        max_line_size=MOST_HEADER_BYTES,
        max_field_size=MOST_HEADER_BYTES,
        keepalive_timeout=75.0,
        shutdown_timeout=FINISH_SECONDS,
    )
    await runner.setup()
    try:
        site = web.TCPSite(runner, None, port, backlog=BACKLOG)
        await site.start()
        yield
    finally:
        await runner.cleanup()


@contextlib.asynccontextmanager
async def _telling_clients(found: Services) -> AsyncIterator[None]:
    """Deliver logout tokens."""
    courier = Courier(
        issuer=found.issuer,
        database=found.database,
        keys=found.keys,
        clock=found.clock,
        metrics=found.metrics,
        poster=found.outbound,
        bell=found.logout_bell,
    )
    async with _in_background(courier.run(), "authly-logout"):
        yield


@contextlib.asynccontextmanager
async def _refreshing(keys: Keys) -> AsyncIterator[None]:
    """Look at the mounted key ring every few seconds."""
    async with _in_background(_refresh(keys), "authly-keys"):
        yield


@contextlib.asynccontextmanager
async def _in_background(work: Coroutine[Any, Any, None], name: str) -> AsyncIterator[None]:
    task = asyncio.create_task(work, name=name)
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def _refresh(keys: Keys) -> None:
    if not isinstance(keys, KeyRingFile):
        return
    while True:
        await asyncio.sleep(KEYS_EVERY_SECONDS)
        try:
            if keys.refresh():
                _log.info("key ring changed", active=keys.ring.signer.kid)
        except KeyRingError as error:
            _log.error("key ring not usable, the former one stays", reason=str(error))
