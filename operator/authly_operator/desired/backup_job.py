"""What an AuthlyBackup becomes: a Job with the pod of the schedule's, and its way to the bucket."""

from typing import Final

from authly_operator import naming
from authly_operator.api import authly_backup, backup
from authly_operator.desired import (
    backup_cronjob,
    backup_pod,
    dump_pod,
    job,
    metadata,
    network_policy,
)
from authly_operator.desired.plan import Plan
from authly_operator.observed import Identity, Manifest


_FOR_EVER: Final = {"BACKUP_RETENTION_DAYS": "36500"}


def destination(plan: Plan, spec: authly_backup.Spec) -> backup.Destination | None:
    """Where the backup goes; None where nobody has said so."""
    return spec.destination or (plan.spec.backup.destination if plan.spec.backup else None)


def build(plan: Plan, spec: authly_backup.Spec, identity: Identity) -> tuple[Manifest, ...]:
    """The Job of the AuthlyBackup of that identity, after the NetworkPolicy that it may need.

    Raises:
        LookupError: neither it nor the server says where backups go.
    """
    place = destination(plan, spec)
    if place is None:
        message = "there is no destination"
        raise LookupError(message)
    about = metadata.of_run(
        plan,
        naming.backup_run(plan.name, identity.uid),
        metadata.owner(identity, "AuthlyBackup"),
    )
    *before, last = backup_pod.making(plan, place, _settings(plan, spec, identity))
    work = job.spec(
        plan,
        naming.Component.BACKUP,
        last,
        deadline=backup_pod.DEADLINE,
        volumes=(*backup_pod.volumes(place), *dump_pod.volumes(plan)),
        before=tuple(before),
    )
    made = {"apiVersion": "batch/v1", "kind": "Job", "metadata": about, "spec": work}
    way = network_policy.run(plan, about, place)
    return (way, made) if way else (made,)


def _settings(plan: Plan, spec: authly_backup.Spec, identity: Identity) -> dict[str, str]:
    wanted = plan.spec.backup
    ours = wanted is not None and spec.destination is None
    kept = backup_cronjob.retention(wanted.retention) if wanted and ours else _FOR_EVER
    if not spec.verify:
        return kept
    verify = {"BACKUP_VERIFY": "true", "RESTORE_ID": naming.run_id(identity.uid)}
    return kept | verify | backup_pod.logging_in(plan)
