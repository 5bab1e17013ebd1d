"""A user as administrators see one: everything but the password."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Account:
    """One row of users; `updated_at` is its version, for no two versions of a row have the same."""

    id: UUID
    email: str
    username: str
    is_verified: bool
    is_admin: bool
    enabled: bool
    created_at: datetime
    updated_at: datetime
    is_bootstrapped: bool = False
    has_second_factor: bool = False

    @property
    def password_is_kept(self) -> bool:
        """As of a `User`."""
        return self.is_bootstrapped and self.is_admin


@dataclass(frozen=True, slots=True)
class Profile:
    """What may be said of a user, and changed."""

    email: str
    username: str
    is_verified: bool = False
    is_admin: bool = False
    enabled: bool = True


@dataclass(frozen=True, slots=True)
class OpenSession:
    """A browser in which a user is signed in; its id is what clients know as `sid`."""

    id: UUID
    user_id: UUID
    authenticated_at: datetime
    expires_at: datetime
    acr: str


@dataclass(frozen=True, slots=True)
class LiveGrant:
    """What a client has of a user, and until when it may refresh it; None if it cannot."""

    id: UUID
    client_id: str
    scopes: tuple[str, ...]
    resources: tuple[str, ...]
    session_id: UUID | None
    created_at: datetime
    refreshable_until: datetime | None


class Refusal(StrEnum):
    """Why an account stays as it is."""

    ABSENT = "absent"
    STALE = "stale"
    LAST_ADMINISTRATOR = "last_administrator"
    EMAIL_TAKEN = "email_taken"
    USERNAME_TAKEN = "username_taken"


@dataclass(frozen=True, slots=True)
class Changed:
    """What an account is now; for `notices` clients a notice of logout waits."""

    account: Account
    notices: int = 0
