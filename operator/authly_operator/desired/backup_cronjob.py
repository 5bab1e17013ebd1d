"""The CronJobs that back the database up, and that restore the youngest backup to verify it."""

from authly_operator import naming
from authly_operator.api import backup
from authly_operator.desired import backup_pod, cronjob, dump_pod, pod
from authly_operator.desired.plan import Plan
from authly_operator.observed import Manifest


def build(plan: Plan) -> Manifest:
    """The CronJob of spec.backup.

    Raises:
        LookupError: the spec has no backup.
    """
    wanted = _wanted(plan)
    containers = backup_pod.making(plan, wanted.destination, retention(wanted.retention))
    return _cronjob(
        plan, naming.backup(plan.name), wanted.schedule, *containers, volumes=dump_pod.volumes(plan)
    )


def verification(plan: Plan) -> Manifest:
    """The CronJob of spec.backup.verify, which restores what the other has written.

    Raises:
        LookupError: the spec has none.
    """
    wanted = _wanted(plan).verify
    if wanted is None:
        message = "the spec has no backup.verify"
        raise LookupError(message)
    place, login = _wanted(plan).destination, backup_pod.logging_in(plan)
    container = backup_pod.container(plan, "verify-backup", place, login)
    return _cronjob(plan, naming.verification(plan.name), wanted.schedule, container)


def is_wanted(plan: Plan) -> bool:
    """Whether the spec asks for backups."""
    return plan.spec.backup is not None


def is_due(plan: Plan) -> bool:
    """Whether there is something to back up, and it is known who can dump it."""
    return plan.migrated and dump_pod.is_known(plan)


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
    plan: Plan,
    name: str,
    schedule: str,
    *containers: pod.Part,
    volumes: tuple[pod.Part, ...] = (),
) -> Manifest:
    """One whose containers, one after another, read and write where backups are."""
    wanted = _wanted(plan)
    *before, last = containers
    return cronjob.build(
        plan,
        name,
        naming.Component.BACKUP,
        last,
        deadline=backup_pod.DEADLINE,
        volumes=(*backup_pod.volumes(wanted.destination), *volumes),
        before=tuple(before),
        schedule=schedule,
        timeZone=wanted.time_zone,
        suspend=wanted.suspend or plan.restoring,
    )
