"""Who changed something through the administrators' API, as the audit log tells it."""

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Actor:
    """The client that called, and the administrator for whom it did, if it was for one."""

    client_id: str
    user_id: UUID | None = None

    def told(self) -> dict[str, object]:
        """What is written into the detail of an event."""
        by: dict[str, object] = {"client_id": self.client_id}
        return {"by": by if self.user_id is None else by | {"user_id": str(self.user_id)}}
