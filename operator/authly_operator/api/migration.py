"""When the schema of an AuthlyServer's database is brought up to date."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from authly_operator.api import duration, value


class MigrationMode(StrEnum):
    """Whether a migration for another image is started by itself."""

    AUTO = "Auto"
    MANUAL = "Manual"


class Migrations(value.Value):
    """The Job that brings the schema up to date before each roll-out."""

    mode: MigrationMode = MigrationMode.AUTO
    """Manual waits, where replicas of another image serve, for the annotation
    authly.dev/approve-migration with the name of the Job, which the condition Migrated tells."""
    timeout: duration.Duration = "10m"
    """How long the Job may take."""
    backoff_limit: Annotated[int, Field(ge=0, le=20)] = 3
    """How often the Job is tried again."""
