"""A client as administrators see one: all that is registered, but what proves it."""

from dataclasses import dataclass
from datetime import date, datetime

from authly_server.model.client import AuthMethod, ClientOrigin, ClientType


@dataclass(frozen=True, slots=True)
class RegisteredClient:
    """One row of clients with the names of its scopes; lifetimes are seconds, None the server's.

    `managed_by` is the namespace and name of the AuthlyClient that says all of this, if one does.
    `version` is digits, others after each change.
    """

    client_id: str
    display_name: str
    type: ClientType
    auth_method: AuthMethod
    grant_types: tuple[str, ...]
    redirect_uris: tuple[str, ...]
    scopes: tuple[str, ...]
    audiences: tuple[str, ...]
    enabled: bool
    origin: ClientOrigin
    managed_by: str | None
    require_pkce: bool
    dpop_bound: bool
    access_token_ttl: int | None
    refresh_token_ttl: int | None
    client_uri: str | None
    contacts: tuple[str, ...]
    created_at: datetime
    updated_at: datetime
    last_used_on: date | None
    version: str


@dataclass(frozen=True, slots=True)
class Changed:
    """The client is as it was asked for, be it that it was so before."""


@dataclass(frozen=True, slots=True)
class Managed:
    """It stays as it is: an AuthlyClient, `namespace/name`, says how it has to be."""

    by: str


@dataclass(frozen=True, slots=True)
class Stale:
    """It stays as it is, for it is not what was looked at."""


Outcome = Changed | Managed | Stale
