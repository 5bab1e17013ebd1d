"""What the endpoints work with, made of the settings: settings -> keys, pool, services."""

import contextlib
import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from authly_server import clock
from authly_server.authorization.default_scopes import DefaultScopes
from authly_server.authorization.transaction import Seal
from authly_server.clients import cluster_keys
from authly_server.clients.assertion_verifier import AssertionVerifier
from authly_server.clients.directory import Directory
from authly_server.clients.recent_proofs import RecentProofs
from authly_server.clients.registration_limits import RegistrationLimits
from authly_server.clients.service_account import Cluster
from authly_server.clients.uses import SECRET_SECONDS, TOKEN_SECONDS, Uses
from authly_server.limits import opening as limits_opening, request_rates
from authly_server.limits.limiter import Limiter
from authly_server.mail import opening as mail_opening
from authly_server.metrics import Metrics
from authly_server.outbound import opening
from authly_server.outbound.fetcher import Fetcher
from authly_server.protocol.security_profile import PROFILES
from authly_server.settings import Settings, SettingsError
from authly_server.storage import (
    client_keys,
    client_secrets,
    client_tokens,
    connections,
    registry as registry_cache,
)
from authly_server.storage.liveness import Liveness
from authly_server.storage.pool import Database
from authly_server.storage.registry import Registry
from authly_server.tokens import keyring, refresh_token
from authly_server.tokens.device_code import UserCodes
from authly_server.tokens.dpop_nonce import Nonces
from authly_server.tokens.dpop_proofs import ProofVerifier
from authly_server.tokens.keyring import KeyRing, KeyRingError, KeyRingFile, Keys
from authly_server.users.devices import Devices
from authly_server.users.factor_seal import FactorSeal
from authly_server.users.passwords import Passwords
from authly_server.users.reset_tokens import ResetTokens
from authly_server.users.second_factors import Factors
from authly_server.users.throttling import Throttle
from authly_server.web.services import Services


@dataclass(frozen=True, slots=True)
class SharedSecret:
    """The ring of HS256, which never changes while the process lives."""

    ring: KeyRing


@dataclass(frozen=True, slots=True)
class _Opened:
    """What has to be closed again."""

    outbound: Fetcher
    cluster: Fetcher
    limiter: Limiter
    database: Database
    registry: Registry
    passwords: Passwords


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


def faults(settings: Settings, wrong: frozenset[str]) -> Iterator[str]:
    """A line for each file and URL that serving would end with, but for what is `wrong` anyway."""
    for names, open_ in _OPENING:
        if wrong.isdisjoint(names):
            try:
                open_(settings)
            except SettingsError as error:
                yield from error.lines


@contextlib.asynccontextmanager
async def services(settings: Settings, keys: Keys) -> AsyncIterator[Services]:
    """The collaborators of the endpoints, open; a database that is down delays nothing.

    Raises:
        SettingsError: a URL, or a file that a setting names, cannot be read.
    """
    metrics = Metrics()
    async with contextlib.AsyncExitStack() as stack:
        outbound = await stack.enter_async_context(opening.for_clients(settings))
        cluster = await stack.enter_async_context(opening.for_cluster(settings))
        limiter = await stack.enter_async_context(limits_opening.limiter(settings, metrics))
        passwords = Passwords(cost=settings.password_hash_cost)
        stack.callback(passwords.close)
        database = await _open_database(settings)
        stack.push_async_callback(database.close)
        lifetime = min(settings.cache_ttl, registry_cache.LIFETIME)
        registry = Registry(database, lifetime=lifetime)
        await registry.start()
        stack.push_async_callback(registry.close)
        metrics.watch_connections(lambda: database.connections_in_use)
        opened = _Opened(outbound, cluster, limiter, database, registry, passwords)
        yield _assemble(settings, keys, metrics, opened)


def _assemble(settings: Settings, keys: Keys, metrics: Metrics, opened: _Opened) -> Services:
    issuer, secret = (settings.issuer or "").rstrip("/"), settings.secret_key or ""
    profile = PROFILES[settings.oauth_profile]
    return Services(
        settings=settings,
        issuer=issuer,
        database=opened.database,
        registry=opened.registry,
        default_scopes=DefaultScopes(opened.registry, settings.default_scopes),
        liveness=Liveness(opened.database),
        directory=Directory(
            registry=opened.registry,
            documents=opened.outbound if settings.client_id_metadata_documents else None,
            scopes=frozenset(settings.dynamic_client_scopes),
            audiences=settings.dynamic_client_audiences,
            profile=profile,
        ),
        registrations=RegistrationLimits(settings.dynamic_registrations_per_hour, time.monotonic),
        secret_uses=Uses(
            partial(client_secrets.note_uses, opened.database), SECRET_SECONDS, time.monotonic
        ),
        token_uses=Uses(
            partial(client_tokens.note_issued, opened.database), TOKEN_SECONDS, time.monotonic
        ),
        recent_proofs=RecentProofs(opened.registry.cached_client),
        standing_answers=RecentProofs(opened.registry.cached_client),
        # Each is a token of its own, which costs 2 KB and is asked about for minutes.
        descriptions=RecentProofs(opened.registry.cached_client, most=512),
        keys=keys,
        passwords=opened.passwords,
        clock=clock.SystemClock(),
        metrics=metrics,
        seal=Seal(secret),
        outbound=opened.outbound,
        assertions=AssertionVerifier(
            # RFC 7523 section 3, RFC 9126 section 2.
            audiences=(issuer,)
            if profile.names_issuer_alone
            else (issuer, f"{issuer}/token", f"{issuer}/par"),
            database=opened.database,
            documents=opened.outbound,
            clock=clock.SystemClock(),
            key_uses=Uses(
                partial(client_keys.note_uses, opened.database), SECRET_SECONDS, time.monotonic
            ),
            # A service account proves itself by no key of its own.
            cluster=None if profile.proves_by_key else _cluster(settings, opened.cluster),
            profile=profile,
        ),
        user_codes=UserCodes(secret),
        proofs=ProofVerifier(
            database=opened.database,
            clock=clock.SystemClock(),
            nonces=Nonces(secret),
            nonce_required=settings.dpop_nonce_required,
            algorithms=profile.algorithms,
        ),
        limiter=opened.limiter,
        rates=request_rates.of(settings),
        devices=Devices(secret),
        throttle=Throttle(opened.limiter, secret) if settings.login_throttle_enabled else None,
        reset_tokens=ResetTokens(secret),
        factors=Factors(opened.database, FactorSeal(secret)),
        outbox=mail_opening.outbox(settings, clock.SystemClock(), metrics),
        refresh_key=refresh_token.derive_key(settings.jwt_refresh_secret_key or ""),
    )


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
    _check_database(settings)
    return await Database.open(
        settings.database_url,
        minimum=settings.database_pool_min,
        maximum=settings.database_pool_max,
        timeout=settings.database_timeout_seconds,
    )


def _check_database(settings: Settings) -> None:
    try:
        connections.check_url(settings.database_url)
    except ValueError as error:
        line = f"DATABASE_URL: {error}"
        raise SettingsError((line,)) from error


_OPENING: Final[tuple[tuple[tuple[str, ...], Callable[[Settings], object]], ...]] = (
    (("database_url",), _check_database),
    (("jwt_algorithm", "jwt_secret_key", "signing_keys_file"), load_keys),
    (("redis_url",), limits_opening.check),
    (("outbound_ca_file",), opening.for_clients),
    (("kubernetes_ca_file",), opening.for_cluster),
    (("smtp_ca_file",), mail_opening.check),
)
