"""The container that writes, verifies or restores backups, and what it mounts for that."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from authly_operator import naming
from authly_operator.api import backup
from authly_operator.desired import dump_pod, environment, pod, program, standby
from authly_operator.desired.plan import Plan


DIRECTORY: Final = "/backups"
DEADLINE: Final = 6 * 3600
"""Seconds."""
_FILE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*", re.ASCII)
_VOLUME: Final = "backups"
_AWS: Final = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
_PLACE: Final = ("BACKUP_S3_BUCKET", "BACKUP_S3_PREFIX")


def container(
    plan: Plan,
    command: str,
    destination: backup.Destination,
    settings: Mapping[str, str],
    *,
    mounts: Sequence[pod.Part] = (),
    **databases: str,
) -> pod.Part:
    """One that runs the command; `databases` are variables and their keys in the credentials."""
    given = {"BACKUP_NAME": naming.backup_prefix(plan.name, plan.namespace), **settings}
    wanted = plan.spec.backup
    return program.container(
        plan,
        command,
        [
            *environment.of_owner(plan),
            *environment.of_credentials(plan, databases),
            *environment.plain(given),
            *_destination(destination),
            *_encryption(wanted.encryption if wanted else None),
        ],
        program.JOB_RESOURCES,
        mounts=[*_mounts(destination), *mounts],
    )


def making(
    plan: Plan, destination: backup.Destination, settings: Mapping[str, str]
) -> tuple[pod.Part, ...]:
    """The containers that make a backup: what is to be dumped, the dump, and what is kept of it."""
    order = {"BACKUP_REPLICA_HOST": _replica_host(plan), **dump_pod.ORDERING}
    prepare = program.container(
        plan,
        "prepare-backup",
        [*environment.of_owner(plan), *environment.plain(order)],
        program.JOB_RESOURCES,
        mounts=dump_pod.ORDERING_MOUNTS,
    )
    given = {**settings, **dump_pod.GIVEN}
    keep = container(plan, "backup", destination, given, mounts=dump_pod.MOUNTS)
    return prepare, dump_pod.container(plan), keep


def logging_in(plan: Plan) -> dict[str, str]:
    """What a verification logs in by, beside the restored database."""
    return {"ISSUER": plan.spec.effective_issuer()}


def volumes(destination: backup.Destination) -> tuple[pod.Part, ...]:
    """The claim that backups are on, where they are on one."""
    claim = destination.persistent_volume_claim
    if claim is None:
        return ()
    return ({"name": _VOLUME, "persistentVolumeClaim": {"claimName": claim.claim_name}},)


def location(job: Mapping[str, Any], file_name: str) -> str:
    """Where the Job put a file: s3://bucket/prefix/file, or pvc://claim/file."""
    spec = job["spec"]["template"]["spec"]
    (container, *_) = spec["containers"]
    given = {one["name"]: one.get("value", "") for one in container.get("env", ())}
    bucket, prefix = (given.get(name, "") for name in _PLACE)
    if bucket:
        return f"s3://{bucket}/{prefix}{file_name}"
    claims = [one["persistentVolumeClaim"] for one in spec["volumes"] if one["name"] == _VOLUME]
    return f"pvc://{claims[0]['claimName']}/{file_name}" if claims else file_name


def _replica_host(plan: Plan) -> str:
    """Where a managed database's replicas are read, in whose favour the primary is left alone."""
    return naming.database_read_host(plan.name, plan.namespace) if standby.is_wanted(plan) else ""


def file_at(destination: backup.Destination, location: str) -> str | None:
    """The name of the file of that location; None where it is not at the destination."""
    s3, claim = destination.s3, destination.persistent_volume_claim
    root = f"s3://{s3.bucket}/{s3.prefix}" if s3 else f"pvc://{claim.claim_name}/" if claim else ""
    name = location.removeprefix(root)
    return name if root and name != location and _FILE.fullmatch(name) else None


def _mounts(destination: backup.Destination) -> list[pod.Part]:
    return [{"name": one["name"], "mountPath": DIRECTORY} for one in volumes(destination)]


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
