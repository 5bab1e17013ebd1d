"""What people see of their own account: where they are signed in, and what they let in."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from authly_server.model.client import ClientOrigin


@dataclass(frozen=True, slots=True)
class SignIn:
    """A browser in which the person is signed in.

    `used_at` is when an application was let in from there last; None if none was.
    """

    session_id: UUID
    authenticated_at: datetime
    expires_at: datetime
    used_at: datetime | None


@dataclass(frozen=True, slots=True)
class Application:
    """A client that the person agreed to, or that has something of theirs now.

    `id` is the database key of the client, `scopes` are all that it was granted or may be without
    being asked for again; `used_at` is when it was given something last, None where that is over.
    """

    id: UUID
    client_id: str
    display_name: str
    origin: ClientOrigin
    scopes: frozenset[str]
    since: datetime
    used_at: datetime | None
