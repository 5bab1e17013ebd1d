"""The CronJobs that back the database up, and that restore the youngest backup to verify it."""

from authly_operator import naming
from authly_operator.api import backup
from authly_operator.desired import backup_pod, cronjob
from authly_operator.desired.plan import Plan
from authly_operator.observed import Manifest


def build(plan: Plan) -> Manifest:
    """The CronJob of spec.backup.

    Raises:
        LookupError: the spec has no backup.
    """
    wanted = _wanted(plan)
    kept = retention(wanted.retention)
    return _cronjob(plan, naming.backup(plan.name), "backup", wanted.schedule, kept)


def verification(plan: Plan) -> Manifest:
    """The CronJob of spec.backup.verify, which restores what the other has written.

    Raises:
        LookupError: the spec has none.
    """
    wanted = _wanted(plan).verify
    if wanted is None:
        message = "the spec has no backup.verify"
        raise LookupError(message)
    name, login = naming.verification(plan.name), backup_pod.logging_in(plan)
    return _cronjob(plan, name, "verify-backup", wanted.schedule, login)


def is_wanted(plan: Plan) -> bool:
    """Whether the spec asks for backups."""
    return plan.spec.backup is not None


def is_verification_wanted(plan: Plan) -> bool:
    """Whether the spec asks for backups to be restored now and then."""
    return plan.spec.backup is not None and plan.spec.backup.verify is not None


def retention(wanted: backup.Retention) -> dict[str, str]:
    """The settings by which old backups go."""
    return {
        "BACKUP_RETENTION_DAYS": str(wanted.days),
        "BACKUP_KEEP_LAST": str(wanted.keep_last),
    }


def _wanted(plan: Plan) -> backup.Backup:
    if plan.spec.backup is None:
        message = "the spec has no backup"
        raise LookupError(message)
    return plan.spec.backup


def _cronjob(
    plan: Plan, name: str, command: str, schedule: str, settings: dict[str, str]
) -> Manifest:
    """One that reads and writes where backups are."""
    wanted = _wanted(plan)
    return cronjob.build(
        plan,
        name,
        naming.Component.BACKUP,
        backup_pod.container(plan, command, wanted.destination, settings),
        deadline=backup_pod.DEADLINE,
        volumes=backup_pod.volumes(wanted.destination),
        schedule=schedule,
        timeZone=wanted.time_zone,
        suspend=wanted.suspend or plan.restoring,
    )
