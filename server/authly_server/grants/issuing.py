"""What every grant works with, and what each can end in."""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from authly_server.clock import Clock
from authly_server.model.grant import Grant
from authly_server.protocol.security_profile import OAUTH21, Profile
from authly_server.storage.pool import Database
from authly_server.tokens.access_token import Actor
from authly_server.tokens.keyring import Keys
from authly_server.tokens.turn import Turn


@dataclass(frozen=True, slots=True)
class Issuing:
    """The issuer and what its tokens are made with; lifetimes are the server's, in seconds."""

    issuer: str
    database: Database
    keys: Keys
    clock: Clock
    refresh_key: bytes
    access_token_ttl: int
    refresh_token_ttl: int
    profile: Profile = OAUTH21
    are_opaque: bool = False
    """Whether access tokens are opaque, and no JWTs."""
    turn: Turn = field(default_factory=Turn)
    """Where they are signed."""


@dataclass(frozen=True, slots=True)
class Exchanged:
    """What a token takes over from the one that it is exchanged for, which it does not outlive."""

    expires_at: datetime
    actors: tuple[Actor, ...]
    granted_to: str | None


@dataclass(frozen=True, slots=True)
class Issue:
    """Tokens are due: everything that had to be consumed is consumed.

    `subject` is a user's id or, without a user, the client's identifier; `resources` is empty
    where the client's own audiences are meant. `grant` is what is known of the person's, and
    `nonce` what goes back in the first ID token. `exchanged` is the token that this one is made of.
    `opaque_token` is an access token that was written with what was consumed.
    """

    subject: str
    scopes: frozenset[str]
    resources: tuple[str, ...] = ()
    grant_id: UUID | None = None
    refresh_token: str | None = None
    grant: Grant | None = None
    nonce: str | None = None
    exchanged: Exchanged | None = None
    opaque_token: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Refuse:
    """The credential is not good; the reason is for the log."""

    reason: str


@dataclass(frozen=True, slots=True)
class Replayed:
    """The credential had been used before, and its grant is revoked and that is committed."""

    grant_id: UUID


Outcome = Issue | Refuse | Replayed
