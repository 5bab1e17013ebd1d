"""The CronJob that dumps the database to a volume claim or a bucket."""

from typing import Final

from authly_operator import naming
from authly_operator.api import backup
from authly_operator.desired import cronjob, environment, pod, program
from authly_operator.desired.plan import Plan
from authly_operator.observed import Manifest


DIRECTORY: Final = "/backups"
_DEADLINE: Final = 6 * 3600
_AWS: Final = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")


def build(plan: Plan) -> Manifest:
    """The CronJob of spec.backup.

    Raises:
        LookupError: the spec has no backup.
    """
    wanted = _wanted(plan)
    return _cronjob(plan, naming.backup(plan.name), "backup", wanted.schedule)


def verification(plan: Plan) -> Manifest:
    """The CronJob of spec.backup.verify, which restores what the other has written.

    Raises:
        LookupError: the spec has none.
    """
    wanted = _wanted(plan).verify
    if wanted is None:
        message = "the spec has no backup.verify"
        raise LookupError(message)
    return _cronjob(plan, naming.verification(plan.name), "verify-backup", wanted.schedule)


def is_verification_wanted(plan: Plan) -> bool:
    """Whether the spec asks for backups to be restored now and then."""
    return plan.spec.backup is not None and plan.spec.backup.verify is not None


def _wanted(plan: Plan) -> backup.Backup:
    if plan.spec.backup is None:
        message = "the spec has no backup"
        raise LookupError(message)
    return plan.spec.backup


def _cronjob(plan: Plan, name: str, command: str, schedule: str) -> Manifest:
    """One that reads and writes where backups are."""
    wanted = _wanted(plan)
    claim = wanted.destination.persistent_volume_claim
    container = program.container(
        plan,
        command,
        _environment(plan, wanted),
        program.JOB_RESOURCES,
        mounts=[{"name": "backups", "mountPath": DIRECTORY}] if claim else [],
    )
    return cronjob.build(
        plan,
        name,
        naming.Component.BACKUP,
        container,
        deadline=_DEADLINE,
        volumes=(_volume(claim),) if claim else (),
        schedule=schedule,
        timeZone=wanted.time_zone,
        suspend=wanted.suspend,
    )


def is_wanted(plan: Plan) -> bool:
    """Whether the spec asks for backups."""
    return plan.spec.backup is not None


def _volume(claim: backup.Claim) -> pod.Part:
    return {"name": "backups", "persistentVolumeClaim": {"claimName": claim.claim_name}}


def _environment(plan: Plan, wanted: backup.Backup) -> list[environment.Variable]:
    common = {
        "BACKUP_NAME": naming.backup_prefix(plan.name, plan.namespace),
        "BACKUP_RETENTION_DAYS": str(wanted.retention.days),
        "BACKUP_KEEP_LAST": str(wanted.retention.keep_last),
    }
    return [
        *environment.of_credentials(plan, {"DATABASE_URL": "MIGRATION_DATABASE_URL"}),
        *environment.plain(common),
        *_destination(wanted.destination),
        *_encryption(wanted.encryption),
    ]


def _encryption(wanted: backup.Encryption | None) -> list[environment.Variable]:
    if wanted is None:
        return []
    ref = wanted.key_secret_ref
    return environment.of_secret(ref.name, {"BACKUP_ENCRYPTION_KEY": ref.key})


def _destination(destination: backup.Destination) -> list[environment.Variable]:
    s3 = destination.s3
    if s3 is None:
        return environment.plain({"BACKUP_DIRECTORY": DIRECTORY})
    place = {
        "BACKUP_S3_BUCKET": s3.bucket,
        "BACKUP_S3_PREFIX": s3.prefix,
        "BACKUP_S3_ENDPOINT": s3.endpoint or "",
        "BACKUP_S3_REGION": s3.region,
        "BACKUP_S3_STORAGE_CLASS": s3.storage_class,
    }
    keys = environment.of_secret(s3.credentials_secret_ref.name, {key: key for key in _AWS})
    return [*environment.plain(place), *keys]
