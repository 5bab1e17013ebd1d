"""Backups of an AuthlyServer's database, and its maintenance."""

from typing import Annotated

from pydantic import ConfigDict, Field

from authly_operator.api import reference, value


Schedule = Annotated[str, Field(max_length=64, pattern=r"^(\S+\s+){4}\S+$")]


class Claim(value.Value):
    """A volume claim that exists."""

    claim_name: reference.ObjectName
    """Name of the PersistentVolumeClaim."""


class S3(value.Value):
    """A bucket that speaks S3."""

    bucket: Annotated[str, Field(min_length=3, max_length=63)]
    """Name of the bucket."""
    prefix: Annotated[str, Field(max_length=512)] = ""
    """What object names begin with."""
    endpoint: reference.WebUri | None = None
    """URL of the service; Amazon's where omitted."""
    region: Annotated[str, Field(max_length=64)] = "us-east-1"
    """Region of the bucket."""
    storage_class: Annotated[str, Field(max_length=64)] = "STANDARD_IA"
    """Storage class of the objects."""
    credentials_secret_ref: reference.SecretReference
    """The Secret with AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY."""


class Destination(value.Value):
    """Where backups go: exactly one of the fields."""

    model_config = ConfigDict(
        json_schema_extra=value.rules(
            value.rule(
                "has(self.persistentVolumeClaim) != has(self.s3)",
                "set exactly one of destination.persistentVolumeClaim and destination.s3",
            )
        )
    )

    persistent_volume_claim: Claim | None = None
    """A volume claim that exists."""
    s3: S3 | None = None
    """A bucket that speaks S3."""


class Retention(value.Value):
    """How long backups are kept."""

    days: Annotated[int, Field(ge=1, le=3650)] = 30
    """Backups older than this many days are removed."""
    keep_last: Annotated[int, Field(ge=1, le=10_000)] = 1
    """How many of the youngest backups stay however old they are."""


class Encryption(value.Value):
    """Backups are encrypted before they leave the pod."""

    key_secret_ref: reference.SecretKeyReference
    """The Secret with the key, 32 bytes in base64 as `openssl rand -base64 32` prints them. Keep a
    copy elsewhere: without it no backup can be read."""


class Verification(value.Value):
    """The youngest backup is restored into a database of its own, which is dropped again."""

    schedule: Schedule = "0 5 * * 0"
    """When, as cron writes it, in spec.backup.timeZone."""


class Backup(value.Value):
    """A dump of the database at set times."""

    schedule: Schedule = "0 2 * * *"
    """When, as cron writes it."""
    time_zone: Annotated[str, Field(min_length=1, max_length=64)] = "Etc/UTC"
    """The time zone of the schedule."""
    suspend: bool = False
    """Whether no backups are started for now."""
    destination: Destination
    """Where backups go."""
    encryption: Encryption | None = None
    """With which key backups are encrypted; they are not where omitted."""
    retention: Retention = Field(default_factory=Retention)
    """How long backups are kept."""
    verify: Verification | None = None
    """When the youngest backup is restored to see that it can be; never where omitted. It needs as
    much room beside the database as that has, and an owner that may create databases."""


class Maintenance(value.Value):
    """Expired tokens and codes are swept."""

    schedule: Schedule = "30 3 * * *"
    """When, as cron writes it."""
