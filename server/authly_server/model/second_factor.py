"""What a person shows beside the password."""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True)
class SecondFactor:
    """One row of second_factors; `sealed_key` is of no use without the server's SECRET_KEY.

    `recovery_codes` is how many are left.
    """

    user_id: UUID
    sealed_key: bytes = field(repr=False)
    recovery_codes: int
    enrolled_at: datetime
