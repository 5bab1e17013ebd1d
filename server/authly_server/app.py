"""`serve`: what `assembly` makes of the settings, and its listeners; or several processes of that.

The order of the end matters: not ready, then every answer closes its connection, then nobody is
let in, then what is in flight is finished, and only then the pool is closed.
"""

import asyncio
import contextlib
import gc
import signal
import sys
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from typing import Any, Final

import uvloop
from aiohttp import web

from authly_server import assembly, metrics, settings as configuration, telemetry
from authly_server.clients.uses import Uses
from authly_server.logout.courier import Courier
from authly_server.mail.outbox import Outbox
from authly_server.processes import siblings
from authly_server.processes.doors import BACKLOG, Doors, Place, Sockets
from authly_server.processes.supervisor import WRONG_SETTINGS, Supervisor
from authly_server.settings import Settings, SettingsError
from authly_server.storage import maintenance_figures
from authly_server.storage.errors import Unavailable
from authly_server.tokens.keyring import KeyRingError, KeyRingFile, Keys
from authly_server.web import application, exposition, malformed
from authly_server.web.application import Application
from authly_server.web.services import Services


DRAIN_SECONDS = 3.0
FINISH_SECONDS = 17.0
KEYS_EVERY_SECONDS = 2.0
# A browser with several open sign-ins sends their cookies along.
MOST_HEADER_BYTES = 32 * 1024
_CONNECTIONS: Final[Mapping[str, Any]] = {
    "access_log": None,
    # Whoever hangs up between what was consumed and what is issued for it loses neither.
    "handler_cancellation": False,
    # A compressed body is refused unread; nothing is to be unpacked before that.
    "auto_decompress": False,
    "max_line_size": MOST_HEADER_BYTES,
    "max_field_size": MOST_HEADER_BYTES,
    "keepalive_timeout": 75.0,
}
_ENDING: Final[Mapping[str, Any]] = {"shutdown_timeout": FINISH_SECONDS}
_log = telemetry.logger(__name__)
_Sites = Callable[[web.BaseRunner], Sequence[web.BaseSite]]


def run(settings: Settings) -> int:
    """Serve until SIGTERM or SIGINT; answer the exit code, 2 for settings that cannot work."""
    try:
        configuration.check_serving(settings)
        keys = assembly.load_keys(settings)
        telemetry.configure("debug" if settings.debug else settings.log_level, settings.log_format)
        malformed.install()
        if settings.processes > 1:
            return _run_several(settings, keys)
        uvloop.run(serve(settings, keys))
    except SettingsError as error:
        return _explain(error)
    return 0


def _run_several(settings: Settings, keys: Keys) -> int:
    def serve_at(place: Place) -> int:
        try:
            uvloop.run(serve(settings, keys, place))
        except SettingsError as error:
            # All of them find the same; one line each is enough.
            return WRONG_SETTINGS if place.number else _explain(error)
        return 0

    management_port = settings.management_port if settings.metrics_enabled else None
    admin_port = settings.admin_port if settings.admin_networks else None
    doors = Doors(settings.processes, settings.port, admin_port, management_port)
    return Supervisor(settings.processes, doors, serve_at).run()


def _explain(error: SettingsError) -> int:
    sys.stderr.writelines(f"{line}\n" for line in error.lines)
    return WRONG_SETTINGS


async def serve(settings: Settings, keys: Keys, place: Place | None = None) -> None:
    """Listen, and end gracefully when asked to; with a `place`, as one of several processes."""
    stop = _asked_to_stop(place)
    async with (
        assembly.services(settings, keys) as found,
        _refreshing(keys),
        _telling_clients(found),
        _sending(found.outbox),
        _noting(found.secret_uses, "authly-secret-uses"),
        _noting(found.assertions.key_uses, "authly-key-uses"),
        _noting(found.token_uses, "authly-token-uses"),
    ):
        ports = _ports(found, place)
        _settle()
        async with contextlib.AsyncExitStack() as listeners:
            for served, sites in ports:
                runner = web.ServerRunner(served.server(**_CONNECTIONS), **_ENDING)
                await listeners.enter_async_context(_listening(runner, sites))
            if settings.metrics_enabled:
                await listeners.enter_async_context(_managing(found, place))
            _announce(settings, place)
            await stop.wait()
            _log.info("stopping")
            found.lifecycle.is_draining = True
            await asyncio.sleep(DRAIN_SECONDS)
    _log.info("stopped")


def _settle() -> None:
    """What is there before the first request stays, and is not looked through for garbage again.

    That took 50 ms each time, in which nobody was answered.
    """
    gc.collect()
    gc.freeze()


def _asked_to_stop(place: Place | None) -> asyncio.Event:
    """Set by a signal, or by the end of the parent."""
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)

    def leave(lifeline: int) -> None:
        loop.remove_reader(lifeline)
        stop.set()

    if place is not None:
        loop.add_reader(place.lifeline, leave, place.lifeline)
    return stop


def _announce(settings: Settings, place: Place | None) -> None:
    if place is None or place.number == 0:
        for line in settings.without_effect:
            _log.warning("setting without effect", setting=line)
    numbered = {} if place is None else {"process": place.number}
    _log.info(
        "serving",
        environment=settings.environment,
        issuer=settings.issuer,
        port=settings.port,
        jwt_algorithm=settings.jwt_algorithm,
        **numbered,
    )


def _ports(found: Services, place: Place | None) -> list[tuple[Application, _Sites]]:
    """What is served where: that of administrators only where networks of theirs are named."""
    settings = found.settings
    sites = _at_port(settings.port) if place is None else _at(place.public)
    ports = [(application.of_everybody(found), sites)]
    if settings.admin_networks:
        sites = _at_port(settings.admin_port) if place is None else _at(place.admin)
        ports.append((application.of_administrators(found), sites))
    return ports


def _at_port(port: int) -> _Sites:
    return lambda runner: [web.TCPSite(runner, None, port, backlog=BACKLOG)]


def _at(sockets: Sockets) -> _Sites:
    return lambda runner: [web.SockSite(runner, each, backlog=BACKLOG) for each in sockets]


@contextlib.asynccontextmanager
async def _managing(found: Services, place: Place | None) -> AsyncIterator[None]:
    """Serve the management port, for all processes if there are several."""
    own = found.metrics.exposition

    async def read() -> bytes:
        processes = own() if place is None else await siblings.collect(place, own)
        return processes + await _maintenance(found)

    async with contextlib.AsyncExitStack() as stack:
        if place is not None:
            await stack.enter_async_context(siblings.answering(place, own))
        sites = _at_port(found.settings.management_port) if place is None else _at(place.management)
        runner = web.AppRunner(exposition.build(read), **_CONNECTIONS, **_ENDING)
        await stack.enter_async_context(_listening(runner, sites))
        yield


async def _maintenance(found: Services) -> bytes:
    """The figures of the last run; nothing before the first, or while the database is away."""
    with contextlib.suppress(Unavailable):
        if (told := await maintenance_figures.find(found.database)) is not None:
            return metrics.of_maintenance(told.finished_at.timestamp(), told.seconds, told.removed)
    return b""


@contextlib.asynccontextmanager
async def _listening(runner: web.BaseRunner, sites: _Sites) -> AsyncIterator[None]:
    await runner.setup()
    try:
        for site in sites(runner):
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
async def _sending(outbox: Outbox | None) -> AsyncIterator[None]:
    """Hand mail over to the SMTP server, if there is one."""
    if outbox is None:
        yield
        return
    async with _in_background(outbox.run(), "authly-mail"):
        yield


@contextlib.asynccontextmanager
async def _noting(uses: Uses[Any], name: str) -> AsyncIterator[None]:
    """Write what clients use, once more after the last request was answered."""
    async with _in_background(uses.run(), name):
        yield
    with contextlib.suppress(Unavailable):
        await uses.write(everything=True)


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
