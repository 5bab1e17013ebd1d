"""One entry of the audit log."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """What happened to whom; none of them need still be there. `id` counts up."""

    id: int
    occurred_at: datetime
    event: str
    client_id: str | None
    user_id: UUID | None
    grant_id: UUID | None
    detail: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """Which entries are meant; None is for any."""

    event: str | None = None
    client_id: str | None = None
    user_id: UUID | None = None
