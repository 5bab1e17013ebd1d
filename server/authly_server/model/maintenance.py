"""What a maintenance run did."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class MaintenanceFigures:
    """When the last run ended, how many seconds it took, and the rows that it removed by table."""

    finished_at: datetime
    seconds: float
    removed: Mapping[str, int]
