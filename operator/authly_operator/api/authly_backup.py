"""AuthlyBackup: one backup of a server's database, asked for or made by schedule."""

from enum import StrEnum
from typing import Annotated

from pydantic import ConfigDict, Field

from authly_operator.api import backup, reference, value


class Spec(value.Value):
    """The backup to make, once."""

    model_config = ConfigDict(
        json_schema_extra=value.rules(
            value.rule(
                "self == oldSelf",
                "an AuthlyBackup is one backup and immutable: create another one",
            ),
            value.rule(
                "!has(self.job) || !(has(self.destination) || self.verify)",
                "job records a run of the schedule, which spec.backup of the server describes:"
                " remove job, or destination and verify",
            ),
        )
    )

    server_ref: reference.LocalServerReference
    """The AuthlyServer to back up, of the same namespace."""
    destination: backup.Destination | None = None
    """Where the backup goes; that of the server's spec.backup where omitted. Nothing is ever
    removed from a destination that is named here."""
    verify: bool = False
    """Whether the backup is restored into a database of its own, which is dropped again, before it
    counts as made. It needs as much room beside the database as that has, and an owner that may
    create databases."""
    job: reference.ObjectName | None = None
    """The Job of the schedule that this resource records; the operator sets it, and makes no other
    one."""


class Phase(StrEnum):
    """How far the backup is."""

    PENDING = "Pending"
    RUNNING = "Running"
    SUCCEEDED = "Succeeded"
    FAILED = "Failed"


class Status(value.Value):
    """What the operator observed."""

    observed_generation: Annotated[int, Field(ge=0)] | None = None
    """The metadata.generation this status judges."""
    conditions: reference.Conditions = ()
    """Ready: True when the backup was made."""
    phase: Phase | None = None
    """How far the backup is; Succeeded and Failed are final."""
    job: Annotated[str, Field(max_length=253)] | None = None
    """The Job that makes it."""
    location: Annotated[str, Field(max_length=2048)] | None = None
    """Where it is: s3://bucket/prefix/file, or pvc://claim/file."""
    size: Annotated[int, Field(ge=0)] | None = None
    """Bytes."""
    sha256: Annotated[str, Field(max_length=64)] | None = None
    """The digest of the file, in hexadecimal."""
    encrypted: bool | None = None
    """Whether it takes the key of spec.backup.encryption to read it."""
    schema_revision: Annotated[int, Field(ge=0)] | None = None
    """The schema of what is in it; a server of an older schema cannot take it."""
    postgres_version: Annotated[str, Field(max_length=64)] | None = None
    """The version of the database that it was made from."""
    begun_time: reference.Moment | None = None
    """The moment that it shows the database at."""
    completion_time: reference.Moment | None = None
    """When the phase became final."""
    verified_time: reference.Moment | None = None
    """When it was last seen that it can be restored; absent where nobody has tried."""


class AuthlyBackup(value.Value):
    """A backup of an authorization server's database."""

    model_config = ConfigDict(title="AuthlyBackup")

    spec: Spec
    """The backup to make, once."""
    status: Status | None = None
    """What the operator observed."""
