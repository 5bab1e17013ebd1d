"""A person who signs in."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True)
class User:
    """One row of users; `password_hash` is the bcrypt hash of the pre-hashed password."""

    id: UUID
    email: str
    username: str
    password_hash: str
    is_verified: bool
    is_admin: bool
    enabled: bool
    updated_at: datetime
    is_bootstrapped: bool = False
    """Whether each migration sees to the account, for ADMIN_EMAIL is its address."""

    @property
    def password_is_kept(self) -> bool:
        """Whether a migration makes the password what the settings say."""
        return self.is_bootstrapped and self.is_admin
