"""What was seen of the secrets that a server takes from a client, and of who uses them."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownSecret:
    """A client secret, or key, that the server takes, as its database knows it.

    Times are the database's.
    """

    name: str
    """What people are told instead of the digest."""
    digest: str
    """SHA-256 in hexadecimal; of a key, its kid."""
    created_at: datetime
    observed_at: datetime
    last_used_at: datetime | None = None
    """To about a minute."""
    retiring_since: datetime | None = None
    """When a later one was seen to work."""


class RolloutState(StrEnum):
    """How far a workload is that has to be restarted."""

    ROLLED_OUT = "RolledOut"
    ROLLING_OUT = "RollingOut"
    NOT_FOUND = "NotFound"
    NOT_ALLOWED = "NotAllowed"
    FOREIGN = "Foreign"
    REFUSED = "Refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rollout:
    """A workload that uses a client's secret, and whether it runs with the current one."""

    name: str
    """Kind and name."""
    state: RolloutState
    said: str = ""
    """What the API server said, where it refused."""
