"""What introspection tells of an access token while it is live: the same each time."""

from dataclasses import dataclass
from datetime import datetime

from authly_server.storage.liveness import Question
from authly_server.tokens.keyring import KeyRing


@dataclass(frozen=True, slots=True)
class Description:
    """The answer as JSON, by whose keys and until when it may hold, and what else it depends on."""

    ring: KeyRing
    expires_at: datetime
    question: Question
    content: bytes

    def may_hold(self, ring: KeyRing, now: datetime) -> bool:
        """Whether that is worth asking: a key may be gone by now, and every token expires."""
        return self.ring is ring and now < self.expires_at
