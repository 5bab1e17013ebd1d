"""Runs of the schedule as AuthlyBackups: recorded when they are over, gone with their backup.

A CronJob runs without the operator. What it did meanwhile is recorded from the Jobs that it keeps,
three that succeeded and three that failed.
"""

from collections.abc import Mapping
from typing import Any, Final

from authly_operator import naming, telemetry
from authly_operator.api import authly_backup
from authly_operator.api.authly_backup import Phase
from authly_operator.cluster import errors, ownership, reports, runs
from authly_operator.desired import backup_pod, metadata
from authly_operator.desired.plan import Plan
from authly_operator.observed import Identity, JobState, job_state
from authly_operator.observed_backups import BackupReport
from authly_operator.reconcile.collaborators import Collaborators


_RECORDED: Final = {"metadata": {"annotations": {naming.RECORDED_ANNOTATION: "true"}}}

_FINAL: Final = frozenset({Phase.SUCCEEDED, Phase.FAILED})

log = telemetry.logger(__name__)


async def keep(tools: Collaborators, plan: Plan) -> None:
    """Record each run of the server's schedules that is over, once.

    Nothing else waits for it: what the API server refuses is tried again in the next pass.

    Raises:
        cluster.errors.Unavailable: the API server did not answer.
    """
    if plan.spec.backup is None:
        return
    try:
        jobs = await runs.select(tools.api, plan.namespace, plan.name, naming.Component.BACKUP)
        for job in jobs:
            if _is_to_record(job):
                await _record(tools, plan, job)
    except errors.Refused as refused:
        log.warning("backup_not_recorded", reason=str(refused))


async def forget(
    tools: Collaborators,
    identity: Identity,
    spec: authly_backup.Spec,
    location: str,
    report: BackupReport,
) -> None:
    """Delete the AuthlyBackups whose backup retention has let go, as the youngest one told.

    Those of the same place that were begun before the oldest that is left; and runs that failed
    before that.

    Raises:
        cluster.errors.ClusterError: the API server refused or did not answer.
    """
    for other in await tools.api.list_objects("AuthlyBackup", identity.namespace):
        same_server = other["spec"]["serverRef"]["name"] == spec.server_ref.name
        if same_server and _is_gone(other, _place(location), report.oldest_begun_at):
            place = other["metadata"]
            await tools.api.delete("AuthlyBackup", place["namespace"], place["name"], place["uid"])


async def date(
    tools: Collaborators, namespace: str, location: str | None, verified: str | None
) -> bool:
    """Date the AuthlyBackup of that location as verified; whether that is settled.

    Raises:
        cluster.errors.ClusterError: the API server refused or did not answer.
    """
    bodies = await tools.api.list_objects("AuthlyBackup", namespace)
    for body in bodies:
        status = body.get("status") or {}
        if status.get("location") == location:
            return await tools.api.write_status(body, {**status, "verifiedTime": verified})
    return all((body.get("status") or {}).get("phase") in _FINAL for body in bodies)


def _is_to_record(job: Mapping[str, Any]) -> bool:
    annotations = job["metadata"].get("annotations", {})
    over = job_state(job) in (JobState.SUCCEEDED, JobState.FAILED)
    return over and naming.RECORDED_ANNOTATION not in annotations


async def _record(tools: Collaborators, plan: Plan, job: Mapping[str, Any]) -> None:
    """First the record, then the mark: whoever dies in between finds the record there."""
    maker = (ownership.controller(job) or {}).get("name")
    place = plan.namespace, job["metadata"]["name"]
    if maker == naming.backup(plan.name):
        await _create(tools, plan, job)
    elif maker == naming.verification(plan.name) and not await _verify(tools, job):
        return
    await tools.api.merge("Job", *place, _RECORDED)


async def _create(tools: Collaborators, plan: Plan, job: Mapping[str, Any]) -> None:
    name = job["metadata"]["name"]
    owner = metadata.owner(plan.seen.identity, "AuthlyServer")
    record = {
        "apiVersion": naming.API_VERSION,
        "kind": "AuthlyBackup",
        "metadata": {
            "name": name,
            "namespace": plan.namespace,
            "labels": naming.labels(plan.name, naming.Component.RUN),
            "ownerReferences": [owner],
        },
        "spec": {"serverRef": {"name": plan.name}, "job": name},
    }
    try:
        await tools.api.create(record)
    except errors.Refused as refused:
        if not refused.conflict:
            raise


async def _verify(tools: Collaborators, job: Mapping[str, Any]) -> bool:
    """The backup that a run of spec.backup.verify has restored; whether that is settled."""
    namespace = job["metadata"]["namespace"]
    run = await runs.find(tools.api, namespace, job["metadata"]["name"])
    file_name = reports.verified(run.last_lines)
    if file_name is None or run.state is not JobState.SUCCEEDED:
        return True
    return await date(tools, namespace, backup_pod.location(job, file_name), run.ended)


def _is_gone(record: Mapping[str, Any], place: str, oldest: str) -> bool:
    status = record.get("status") or {}
    if status.get("phase") == Phase.FAILED:
        return "job" in record["spec"] and status.get("completionTime", oldest) < oldest
    begun = status.get("begunTime", oldest)
    return bool(begun < oldest and _place(status.get("location", "")) == place)


def _place(location: str) -> str:
    """Where a file is, and which server's it is: all before its time."""
    return location.rpartition("-")[0]
