"""Devices that wait for a person, RFC 8628: how they begin, and what is decided about them."""

from dataclasses import dataclass, field
from uuid import UUID

from authly_server import entropy
from authly_server.authorization.default_scopes import DefaultScopes
from authly_server.model.client import Client
from authly_server.model.device_authorization import NewDeviceAuthorization
from authly_server.protocol import resource_indicator, scope, user_code
from authly_server.protocol.device_authorization import DeviceAuthorizationRequest
from authly_server.storage import attempts, device_authorizations
from authly_server.storage.pool import Database
from authly_server.tokens import device_code, digest
from authly_server.tokens.device_code import UserCodes


LIFETIME = 600
INTERVAL = 5
# Section 5.1: with five tries in the lifetime of a code, one in five thousand million is guessed
# where a single device waits. An address may be that of many people.
MOST_TRIES = 5
MOST_TRIES_OF_ADDRESS = 20
_ENOUGH_BYTES = 16


@dataclass(frozen=True, slots=True)
class Started:
    """What a device is told: a code to ask with, and one to show."""

    device_code: str = field(repr=False)
    user_code: str


@dataclass(frozen=True, slots=True)
class Tries:
    """Whose tries count together: a person's, in whichever browser, and those of an address.

    `address` is one of IPv4, or the network of IPv6 that somebody has as a whole.
    """

    user_id: UUID
    address: str

    @property
    def limits(self) -> dict[bytes, int]:
        """How many there may be, by the digests of what is counted."""
        person = digest.sha256(f"user code\0person\0{self.user_id}")
        address = digest.sha256(f"user code\0address\0{self.address}")
        return {person: MOST_TRIES, address: MOST_TRIES_OF_ADDRESS}


async def check(
    defaults: DefaultScopes, client: Client, request: DeviceAuthorizationRequest
) -> frozenset[str]:
    """The scopes that a person will be asked for.

    Raises:
        OAuthError: invalid_scope or invalid_target.
    """
    scopes = request.scopes or await defaults.of(client)
    scope.check_allowed(scopes, client.scopes)
    resource_indicator.check_allowed(request.resources, client.audiences)
    return scopes


async def start(
    database: Database,
    codes: UserCodes,
    client: Client,
    *,
    scopes: frozenset[str],
    resources: tuple[str, ...],
) -> Started:
    """Let a device wait, under codes that no other has.

    Raises:
        storage.errors.Vanished: the client is gone.
    """
    grant_id = UUID(bytes=entropy.draw(16), version=4)
    code = device_code.create(grant_id, entropy.draw(device_code.RANDOM_BYTES))
    while True:
        shown = user_code.write(int.from_bytes(entropy.draw(_ENOUGH_BYTES)) % user_code.COUNT)
        device = NewDeviceAuthorization(
            grant_id=grant_id,
            digest=code.digest,
            user_code_digest=codes.digest(shown),
            client_id=client.id,
            scopes=scopes,
            resources=resources,
            ttl=LIFETIME,
            interval=INTERVAL,
        )
        if await device_authorizations.start(database, device):
            return Started(code.text, shown)


async def may_try(database: Database, tries: Tries) -> bool:
    """Count one more try of a user code, before it is one; False if there were enough."""
    counts = [
        (await attempts.take(database, counted, seconds=LIFETIME), most)
        for counted, most in tries.limits.items()
    ]
    return all(count <= most for count, most in counts)


async def forgive(database: Database, tries: Tries) -> None:
    """The code was a right one: that try does not count."""
    for counted in tries.limits:
        await attempts.give_back(database, counted)
