"""What the endpoints work with, made once by the composition root and kept under one typed key."""

import asyncio
from dataclasses import dataclass, field
from functools import cached_property
from uuid import UUID

from aiohttp import web

from authly_server.authorization.checks import Policy
from authly_server.authorization.default_scopes import DefaultScopes
from authly_server.authorization.transaction import Seal
from authly_server.clients.assertion_verifier import AssertionVerifier
from authly_server.clients.directory import Directory
from authly_server.clients.recent_proofs import RecentProofs
from authly_server.clients.registration_limits import RegistrationLimits
from authly_server.clients.uses import Uses
from authly_server.clock import Clock
from authly_server.grants.issuing import Issuing
from authly_server.grants.standing_answer import StandingAnswer
from authly_server.limits.limiter import Limiter
from authly_server.limits.request_rates import RequestRates
from authly_server.mail.outbox import Outbox
from authly_server.metrics import Metrics
from authly_server.outbound.fetcher import Fetcher
from authly_server.protocol.security_profile import PROFILES, Profile
from authly_server.settings import Settings
from authly_server.storage.client_secrets import SecretKey
from authly_server.storage.liveness import Liveness
from authly_server.storage.pool import Database
from authly_server.storage.registry import Registry
from authly_server.tokens import id_token
from authly_server.tokens.device_code import UserCodes
from authly_server.tokens.dpop_proofs import ProofVerifier
from authly_server.tokens.keyring import Keys
from authly_server.tokens.turn import Turn
from authly_server.users.devices import Devices
from authly_server.users.passwords import Passwords
from authly_server.users.reset_tokens import ResetTokens
from authly_server.users.second_factors import Factors
from authly_server.users.throttling import Throttle
from authly_server.web.description import Description


@dataclass
class Lifecycle:
    """Whether this process is on its way out: not ready any more, and closing connections.

    And what it has told its log once and for all.
    """

    is_draining: bool = False
    has_told_of_proxy: bool = False


@dataclass(frozen=True)
class Services:
    """The collaborators of every endpoint."""

    settings: Settings
    issuer: str
    database: Database
    registry: Registry
    default_scopes: DefaultScopes
    liveness: Liveness
    directory: Directory
    registrations: RegistrationLimits
    secret_uses: Uses[SecretKey]
    token_uses: Uses[UUID]
    recent_proofs: RecentProofs[None]
    standing_answers: RecentProofs[StandingAnswer]
    descriptions: RecentProofs[Description]
    keys: Keys
    passwords: Passwords
    clock: Clock
    metrics: Metrics
    seal: Seal
    outbound: Fetcher
    assertions: AssertionVerifier
    proofs: ProofVerifier
    user_codes: UserCodes
    limiter: Limiter
    rates: RequestRates | None
    devices: Devices
    throttle: Throttle | None
    reset_tokens: ResetTokens
    factors: Factors
    outbox: Outbox | None
    turn: Turn = field(default_factory=Turn)
    lifecycle: Lifecycle = field(default_factory=Lifecycle)
    # Set when clients have to be told that a session is over.
    logout_bell: asyncio.Event = field(default_factory=asyncio.Event)

    refresh_key: bytes = field(repr=False, default=b"")

    @cached_property
    def profile(self) -> Profile:
        """What is demanded of every client."""
        return PROFILES[self.settings.oauth_profile]

    @cached_property
    def issuing(self) -> Issuing:
        """What the grants work with."""
        return Issuing(
            issuer=self.issuer,
            database=self.database,
            keys=self.keys,
            clock=self.clock,
            refresh_key=self.refresh_key,
            access_token_ttl=self.settings.access_token_ttl,
            refresh_token_ttl=self.settings.refresh_token_ttl,
            profile=self.profile,
            turn=self.turn,
            are_opaque=self.settings.access_token_format == "opaque",  # noqa: S105  # not one
        )

    @property
    def policy(self) -> Policy:
        """What the settings and the keys say about authorization requests."""
        return Policy(
            pkce_required=self.settings.pkce_required,
            id_token_algorithms=id_token.algorithms(self.keys.ring, self.profile.algorithms),
            pushed_required=self.settings.pushed_authorization_required
            or self.profile.pushes_requests,
            redirect_uri_required=self.profile.names_redirect_uri,
        )


SERVICES = web.RequestKey("services", Services)


def of(request: web.Request) -> Services:
    """The services of the server that answers this request."""
    return request[SERVICES]
