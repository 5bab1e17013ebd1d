"""What an AuthlyRestore becomes: a Job whose containers are its steps, one after another.

The kubelet tells when each began and ended. A pod that is lost is made again, and each step finds
out what was done already.
"""

from typing import Final

from authly_operator import naming
from authly_operator.api import authly_restore, backup
from authly_operator.desired import backup_pod, job, metadata, network_policy, pod
from authly_operator.desired.plan import Plan
from authly_operator.observed import Identity, Manifest


STEPS: Final = ("PreBackup", "Fetch", "Checksum", "Load", "Migrate", "Fence", "Swap")
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
        containers = [_step(plan, step, destination, settings) for step in STEPS]
    work = job.spec(
        plan,
        naming.Component.BACKUP,
        containers[-1],
        deadline=_DEADLINE,
        volumes=backup_pod.volumes(destination),
        before=tuple(containers[:-1]),
    )
    made = {"apiVersion": "batch/v1", "kind": "Job", "metadata": about, "spec": work}
    way = network_policy.run(plan, about, destination)
    return (way, made) if way else (made,)


def _step(
    plan: Plan, step: str, destination: backup.Destination, settings: dict[str, str]
) -> pod.Part:
    given = settings | {"RESTORE_STEP": step}
    container = backup_pod.container(plan, "restore", destination, given, **_ROLES)
    return {**container, "name": container_name(step)}
