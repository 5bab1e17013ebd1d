"""A signed-in browser."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Session:
    """One row of sessions; the database holds only the digest of the cookie's value."""

    id: UUID
    user_id: UUID
    authenticated_at: datetime
    expires_at: datetime
