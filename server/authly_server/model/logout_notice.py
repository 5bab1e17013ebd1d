"""A client that has to be told of the end of a session."""

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class LogoutNotice:
    """One row of logout_notices that is due, with where and how its client is told.

    `client_id` is the protocol's identifier, `attempts` counts the one that is under way.
    """

    id: UUID
    client_id: str
    uri: str
    alg: str | None
    session_id: UUID
    user_id: UUID
    attempts: int
