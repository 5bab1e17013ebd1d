"""A device that waits for a person with a browser (RFC 8628), and how asking for it can end."""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from authly_server.model.grant import Grant


@dataclass(frozen=True, slots=True)
class NewDeviceAuthorization:
    """What is written for a device; `ttl` and `interval` are in seconds.

    The device code carries `grant_id`, which the grant will have if somebody allows it. The user
    code is short, so that its digest is one with a key.
    """

    grant_id: UUID
    digest: bytes
    user_code_digest: bytes
    client_id: UUID
    scopes: frozenset[str]
    resources: tuple[str, ...]
    ttl: int
    interval: int


@dataclass(frozen=True, slots=True)
class WaitingDevice:
    """A device that nobody has decided about; `client_id` is the protocol's identifier."""

    client_id: str
    scopes: frozenset[str]
    resources: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DeviceRedemption:
    """What a token request proves about a device code."""

    digest: bytes
    client_id: UUID


class Waiting(StrEnum):
    """Why there are no tokens for a device (RFC 8628 section 3.5); asking again may help or not."""

    PENDING = "pending"
    TOO_FAST = "too_fast"
    DENIED = "denied"
    EXPIRED = "expired"


class DeviceRefusal(StrEnum):
    """Why a device code was refused; the client only learns invalid_grant."""

    UNKNOWN = "unknown"
    OTHER_CLIENT = "other_client"
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True)
class DeviceRedeemed:
    """The device code was consumed, once and for all."""

    grant: Grant


@dataclass(frozen=True, slots=True)
class DeviceReplayed:
    """The device code had been used: its grant is revoked now."""

    grant_id: UUID


@dataclass(frozen=True, slots=True)
class DeviceRefused:
    """Nothing changed."""

    reason: DeviceRefusal


DeviceOutcome = DeviceRedeemed | DeviceReplayed | DeviceRefused | Waiting
