"""The composition root of `serve`: settings -> keys, pool, services -> two listeners.

The order of the end matters: not ready, then every answer closes its connection, then nobody is
let in, then what is in flight is finished, and only then the pool is closed.
"""

import asyncio
import contextlib
import signal
import sys
import time
from collections.abc import AsyncIterator, Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvloop
from aiohttp import web

from authly_server import clock, settings as configuration, telemetry
from authly_server.authorization.transaction import Seal
from authly_server.clients import cluster_keys
from authly_server.clients.assertion_verifier import AssertionVerifier
from authly_server.clients.directory import Directory
from authly_server.clients.registration_limits import RegistrationLimits
from authly_server.clients.service_account import Cluster
from authly_server.logout.courier import Courier
from authly_server.metrics import Metrics
from authly_server.outbound import opening
from authly_server.outbound.fetcher import Fetcher
from authly_server.settings import Settings, SettingsError
from authly_server.storage import registry as registry_cache
from authly_server.storage.pool import Database
from authly_server.storage.registry import Registry
from authly_server.tokens import keyring, refresh_token
from authly_server.tokens.device_code import UserCodes
from authly_server.tokens.dpop_nonce import Nonces
from authly_server.tokens.dpop_proofs import ProofVerifier
from authly_server.tokens.keyring import KeyRing, KeyRingError, KeyRingFile, Keys
from authly_server.users.passwords import Passwords
from authly_server.web import application, exposition, malformed
from authly_server.web.services import Services


DRAIN_SECONDS = 3.0
FINISH_SECONDS = 17.0
KEYS_EVERY_SECONDS = 2.0
# A browser with several open sign-ins sends their cookies along.
MOST_HEADER_BYTES = 32 * 1024
BACKLOG = 512
_log = telemetry.logger(__name__)


@dataclass(frozen=True, slots=True)
class SharedSecret:
    """The ring of HS256, which never changes while the process lives."""

    ring: KeyRing


def run(settings: Settings) -> int:
    """Serve until SIGTERM or SIGINT; answer the exit code, 2 for settings that cannot work."""
    try:
        configuration.check_serving(settings)
        keys = load_keys(settings)
        telemetry.configure("debug" if settings.debug else settings.log_level)
        malformed.install()
        uvloop.run(serve(settings, keys))
    except SettingsError as error:
        sys.stderr.writelines(f"{line}\n" for line in error.lines)
        return 2
    return 0


def load_keys(settings: Settings) -> Keys:
    """The keys that the settings name.

    Raises:
        SettingsError: they cannot be used, or none has the algorithm asked for.
    """
    is_shared = settings.jwt_algorithm == "HS256"
    try:
        if is_shared:
            return SharedSecret(keyring.hs256(settings.jwt_secret_key or ""))
        mounted = KeyRingFile(Path(settings.signing_keys_file), settings.jwt_algorithm)
    except KeyRingError as error:
        name = "JWT_SECRET_KEY" if is_shared else "SIGNING_KEYS_FILE"
        line = f"{name}: {error}"
        raise SettingsError((line,)) from error
    # Asked at the start only: while keys are rotated the ring says what is signed with.
    if all(key.alg != settings.jwt_algorithm for key in mounted.ring.keys.values()):
        line = f"SIGNING_KEYS_FILE: no key is for JWT_ALGORITHM={settings.jwt_algorithm}"
        raise SettingsError((line,))
    return mounted


async def serve(settings: Settings, keys: Keys) -> None:
    """Listen, and end gracefully when asked to."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with services(settings, keys) as found, _refreshing(keys), _telling_clients(found):
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
async def services(settings: Settings, keys: Keys) -> AsyncIterator[Services]:
    """The collaborators of the endpoints, open; a database that is down delays nothing.

    Raises:
        SettingsError: DATABASE_URL, or a file that a setting names, cannot be read.
    """
    async with (
        opening.for_clients(settings) as outbound,
        opening.for_cluster(settings) as cluster,
        _services(settings, keys, outbound, cluster) as found,
    ):
        yield found


@contextlib.asynccontextmanager
async def _services(
    settings: Settings, keys: Keys, outbound: Fetcher, cluster: Fetcher
) -> AsyncIterator[Services]:
    issuer = (settings.issuer or "").rstrip("/")
    database = await _open_database(settings)
    registry = Registry(database, lifetime=min(settings.cache_ttl, registry_cache.LIFETIME))
    await registry.start()
    passwords = Passwords(cost=settings.password_hash_cost)
    metrics = Metrics()
    metrics.watch_connections(lambda: database.connections_in_use)
    try:
        yield Services(
            settings=settings,
            issuer=issuer,
            database=database,
            registry=registry,
            directory=Directory(
                registry=registry,
                documents=outbound if settings.client_id_metadata_documents else None,
                scopes=frozenset(settings.dynamic_client_scopes),
                audiences=settings.dynamic_client_audiences,
            ),
            registrations=RegistrationLimits(
                settings.dynamic_registrations_per_hour, time.monotonic
            ),
            keys=keys,
            passwords=passwords,
            clock=clock.SystemClock(),
            metrics=metrics,
            seal=Seal(settings.secret_key or ""),
            outbound=outbound,
            assertions=AssertionVerifier(
                # RFC 7523 section 3, RFC 9126 section 2.
                audiences=(issuer, f"{issuer}/token", f"{issuer}/par"),
                database=database,
                documents=outbound,
                clock=clock.SystemClock(),
                cluster=_cluster(settings, cluster),
            ),
            user_codes=UserCodes(settings.secret_key or ""),
            proofs=ProofVerifier(
                database=database,
                clock=clock.SystemClock(),
                nonces=Nonces(settings.secret_key or ""),
                nonce_required=settings.dpop_nonce_required,
            ),
            refresh_key=refresh_token.derive_key(settings.jwt_refresh_secret_key or ""),
        )
    finally:
        await registry.close()
        await database.close()
        passwords.close()


def _cluster(settings: Settings, documents: Fetcher) -> Cluster | None:
    """The cluster whose service accounts may be clients."""
    if settings.kubernetes_issuer is None:
        return None
    if settings.kubernetes_jwks_file is not None:
        source = cluster_keys.of_file(Path(settings.kubernetes_jwks_file))
    else:
        source = cluster_keys.of_url(settings.kubernetes_jwks_url or "", documents)
    return Cluster(settings.kubernetes_issuer, source)


async def _open_database(settings: Settings) -> Database:
    try:
        return await Database.open(
            settings.database_url,
            minimum=settings.database_pool_min,
            maximum=settings.database_pool_max,
            timeout=settings.database_timeout_seconds,
        )
    except ValueError as error:
        line = f"DATABASE_URL: {error}"
        raise SettingsError((line,)) from error


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
