"""What an AuthlyRestore becomes: a Job whose containers are its steps, one after another.

The kubelet tells when each began and ended. A pod that is lost is made again, and each step finds
out what was done already.
"""

from collections.abc import Sequence
from typing import Final

from authly_operator import naming
from authly_operator.api import authly_restore, backup
from authly_operator.desired import backup_pod, dump_pod, job, metadata, network_policy, pod
from authly_operator.desired.plan import Plan
from authly_operator.observed import Identity, Manifest


PREPARE: Final = "Prepare"
"""What goes before them, and before the dump of the safety backup."""
SAFETY: Final = "PreBackup"
STEPS: Final = (SAFETY, "Fetch", "Checksum", "Load", "Migrate", "Fence", "Swap")
"""Of a restore in place; the last one gives the restored database its name."""
VERIFY: Final = "Verify"
_DEADLINE: Final = 24 * 3600
_ROLES: Final = {
    "SERVER_DATABASE_URL": "DATABASE_URL",
    "OPERATOR_DATABASE_URL": "OPERATOR_DATABASE_URL",
}


def container_name(step: str) -> str:
    """The container of a step: pre-backup of PreBackup."""
    return "".join(f"-{one.lower()}" if one.isupper() else one for one in step).lstrip("-")


def build(
    plan: Plan,
    spec: authly_restore.Spec,
    identity: Identity,
    destination: backup.Destination,
    file_name: str,
) -> tuple[Manifest, ...]:
    """The Job of the AuthlyRestore of that identity, after the NetworkPolicy that it may need."""
    about = metadata.of_run(
        plan,
        naming.restore_run(plan.name, identity.uid),
        metadata.owner(identity, "AuthlyRestore"),
    )
    settings = {"RESTORE_ID": naming.run_id(identity.uid), "RESTORE_BACKUP": file_name}
    if spec.mode is authly_restore.Mode.VERIFY:
        settings |= backup_pod.logging_in(plan)
        containers = [backup_pod.container(plan, "verify-backup", destination, settings)]
        containers[0]["name"] = container_name(VERIFY)
    else:
        settings["RESTORE_REVOKE_TOKENS"] = spec.security.revoke_tokens.value
        containers = _steps(plan, destination, settings)
    shared = dump_pod.volumes(plan) if len(containers) > 1 else ()
    work = job.spec(
        plan,
        naming.Component.BACKUP,
        containers[-1],
        deadline=_DEADLINE,
        volumes=(*backup_pod.volumes(destination), *shared),
        before=tuple(containers[:-1]),
    )
    made = {"apiVersion": "batch/v1", "kind": "Job", "metadata": about, "spec": work}
    way = network_policy.run(plan, about, destination)
    return (way, made) if way else (made,)


def _steps(plan: Plan, destination: backup.Destination, settings: dict[str, str]) -> list[pod.Part]:
    """A container for each step; before the first, the dump of what is there now."""
    ordering = settings | dump_pod.ORDERING
    prepare = _step(plan, PREPARE, destination, ordering, dump_pod.ORDERING_MOUNTS)
    given = {SAFETY: (settings | dump_pod.GIVEN, dump_pod.MOUNTS)}
    steps = [_step(plan, step, destination, *given.get(step, (settings, ()))) for step in STEPS]
    return [prepare, dump_pod.container(plan), *steps]


def _step(
    plan: Plan,
    step: str,
    destination: backup.Destination,
    settings: dict[str, str],
    mounts: Sequence[pod.Part],
) -> pod.Part:
    given = settings | {"RESTORE_STEP": step}
    container = backup_pod.container(plan, "restore", destination, given, mounts=mounts, **_ROLES)
    return {**container, "name": container_name(step)}
