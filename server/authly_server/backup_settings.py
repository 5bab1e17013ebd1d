"""Settings of the commands `backup` and `restore`."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class BackupSettings(BaseModel):
    """A part of `settings.Settings`."""

    model_config = ConfigDict(
        frozen=True, extra="ignore", hide_input_in_errors=True, use_attribute_docstrings=True
    )

    backup_directory: str | None = None
    """Where backups are written; this or BACKUP_S3_BUCKET."""
    backup_s3_bucket: str | None = None
    """The bucket that backups are written to."""
    backup_s3_prefix: str = ""
    """What their names in the bucket begin with."""
    backup_s3_endpoint: str | None = None
    """The URL of an S3 server that is not Amazon's."""
    backup_s3_region: str | None = None
    """The region of the bucket."""
    backup_s3_storage_class: str = "STANDARD_IA"
    """The storage class of what is written."""
    backup_s3_timeout_seconds: int = Field(default=60, ge=1, le=3600)
    """After how many seconds of silence the bucket is asked again, five times in all."""
    aws_access_key_id: str | None = None
    """Credentials of the bucket; those of the environment where it is empty."""
    aws_secret_access_key: str | None = Field(default=None, repr=False)
    """The secret that belongs to AWS_ACCESS_KEY_ID."""
    backup_retention_days: int = Field(default=30, ge=1, le=36_500)
    """After how many days backups are removed."""
    backup_keep_last: int = Field(default=1, ge=1, le=10_000)
    """How many of the youngest backups stay however old they are."""
    backup_encryption_key: str | None = Field(default=None, repr=False)
    """What backups are encrypted with, 32 bytes in base64; they are not where it is empty."""
    backup_name: str = Field(default="authly", pattern=r"^[a-z0-9]([a-z0-9.-]{0,98}[a-z0-9])?$")
    """What the names of backups begin with."""
    backup_replica_host: str | None = None
    """The host of streaming replicas, which `backup` reads from once one has caught up; of the
    database itself where none has. All else of DATABASE_URL is theirs, too."""
    backup_dump_directory: str | None = None
    """Where a container with the database's own `pg_dump` puts the dump that `backup` and `restore`
    keep; they run that of this image where it is empty."""
    backup_order_directory: str | None = None
    """Where `prepare-backup` writes what that container is to run (`sh run`), and the password with
    it: on a file system in memory."""
    backup_verify: bool = False
    """Whether `backup` restores what it has written, as `verify-backup` does."""
    restore_id: str = Field(default="", pattern=r"^([a-z0-9]{1,16})?$")
    """What tells one restore from another; the same again goes on with one that was killed."""
    restore_backup: str = ""
    """The name of the backup to restore or to verify; the youngest where it is empty."""
    restore_step: Literal[
        "", "Prepare", "PreBackup", "Fetch", "Checksum", "Load", "Migrate", "Fence", "Swap"
    ] = ""
    """The only step of `restore` to do, where others do those before it; all where it is empty.
    Prepare does for its safety backup what `prepare-backup` does for others."""
    restore_revoke_tokens: Literal["All", "IssuedAfterBackup", "None"] = "IssuedAfterBackup"
    """Which access tokens are refused after a restore, besides those revoked one by one."""
    restore_safety_backup: bool = True
    """Whether what is there now is backed up before it is replaced."""
