"""AuthlyRestore: a backup that takes the place of a server's database, or is tried."""

from enum import StrEnum
from typing import Annotated

from pydantic import ConfigDict, Field

from authly_operator.api import reference, value
from authly_operator.api.authly_backup import Phase


class BackupReference(value.Value):
    """An AuthlyBackup of the same namespace."""

    name: reference.ObjectName
    """Name of the AuthlyBackup."""


class Source(value.Value):
    """Which backup: exactly one of the fields."""

    model_config = ConfigDict(
        json_schema_extra=value.rules(
            value.rule(
                "has(self.backupRef) != has(self.location)",
                "set exactly one of source.backupRef and source.location",
            )
        )
    )

    backup_ref: BackupReference | None = None
    """An AuthlyBackup that was made."""
    location: (
        Annotated[str, Field(max_length=2048, pattern=r"^(s3|pvc)://[^\s/]+/[^\s]+$")] | None
    ) = None
    """Where a backup is, as status.location of an AuthlyBackup says it: s3://bucket/prefix/file or
    pvc://claim/file. It has to be at the destination of the server's spec.backup."""


class Mode(StrEnum):
    """What becomes of the restored database."""

    IN_PLACE = "InPlace"
    VERIFY = "Verify"


class RevokeTokens(StrEnum):
    """Which tokens are refused afterwards, besides those that were revoked one by one."""

    ALL = "All"
    ISSUED_AFTER_BACKUP = "IssuedAfterBackup"
    NONE = "None"


class Security(value.Value):
    """What must not come back with the data."""

    revoke_tokens: RevokeTokens = RevokeTokens.ISSUED_AFTER_BACKUP
    """Which access tokens are refused afterwards: All, with every grant and session, those
    IssuedAfterBackup, or None. Those that were revoked since the backup stay so in any case."""
    rotate_signing_keys: bool = False
    """Whether new signing keys follow, as by the annotation authly.dev/rotate-at."""
    resync_clients: bool = True
    """Whether clients and scopes are registered again before the server serves; within some
    minutes after that otherwise."""


class Spec(value.Value):
    """What to restore, once."""

    model_config = ConfigDict(
        json_schema_extra=value.rules(
            value.rule(
                "self == oldSelf",
                "an AuthlyRestore is one restore and immutable: create another one",
            ),
            value.rule(
                "self.mode == 'Verify' || self.acknowledgeDataLoss",
                "what was written since the backup is lost: set acknowledgeDataLoss to true, or"
                " mode to Verify",
            ),
        )
    )

    server_ref: reference.LocalServerReference
    """The AuthlyServer whose database is replaced, of the same namespace."""
    source: Source
    """Which backup."""
    mode: Mode = Mode.IN_PLACE
    """InPlace replaces the database; Verify restores into one of its own, which is dropped again,
    while the server goes on."""
    acknowledge_data_loss: bool = False
    """That whatever was written since the backup is given up; needed for InPlace."""
    security: Security = Field(default_factory=Security)
    """What must not come back with the data."""


class Step(value.Value):
    """One step of the restore."""

    name: Annotated[str, Field(max_length=32)]
    """Quiesce, PreBackup, Fetch, Checksum, Load, Migrate, Fence, Swap, Resync, Probe, Resume; or
    Verify."""
    start_time: reference.Moment | None = None
    """When it began."""
    completion_time: reference.Moment | None = None
    """When it was over."""


class Status(value.Value):
    """What the operator observed."""

    observed_generation: Annotated[int, Field(ge=0)] | None = None
    """The metadata.generation this status judges."""
    conditions: reference.Conditions = ()
    """Ready: True when the backup was restored."""
    phase: Phase | None = None
    """How far the restore is; Succeeded and Failed are final."""
    job: Annotated[str, Field(max_length=253)] | None = None
    """The Job that does it."""
    location: Annotated[str, Field(max_length=2048)] | None = None
    """Where the backup is."""
    steps: Annotated[
        tuple[Step, ...],
        Field(
            max_length=16,
            json_schema_extra={
                "x-kubernetes-list-type": "map",
                "x-kubernetes-list-map-keys": ["name"],
            },
        ),
    ] = ()
    """The steps that have begun, in their order."""
    replaced_database: Annotated[str, Field(max_length=63)] | None = None
    """The name that the database of before has now; drop it when nobody needs it."""
    revoked_tokens: RevokeTokens | None = None
    """Which tokens are refused: All where the database of before was lost."""
    completion_time: reference.Moment | None = None
    """When the phase became final."""


class AuthlyRestore(value.Value):
    """A backup of an authorization server's database on its way back."""

    model_config = ConfigDict(title="AuthlyRestore")

    spec: Spec
    """What to restore, once."""
    status: Status | None = None
    """What the operator observed."""
