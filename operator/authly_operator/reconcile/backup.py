"""The story of an AuthlyBackup: one Job, and what it said in the end."""

import dataclasses
from collections.abc import Mapping
from typing import Any, Final

from authly_operator import naming
from authly_operator.api import authly_backup
from authly_operator.api.authly_backup import Phase
from authly_operator.cluster import reports, runs
from authly_operator.condition_names import Reason
from authly_operator.conditions import authly_backup as conditions, judgement
from authly_operator.desired import backup_job, backup_pod
from authly_operator.observed import Identity, JobState, job_state
from authly_operator.observed_backups import BackupObserved
from authly_operator.reconcile import backup_records, custom_resource, one_shot, status
from authly_operator.reconcile.collaborators import Collaborators
from authly_operator.workqueue import Key


WAITING_SECONDS: Final = 10.0
PHASES: Final[Mapping[JobState, Phase]] = {
    JobState.ABSENT: Phase.PENDING,
    JobState.RUNNING: Phase.RUNNING,
    JobState.SUCCEEDED: Phase.SUCCEEDED,
    JobState.FAILED: Phase.FAILED,
}
FINAL: Final = frozenset({Phase.SUCCEEDED, Phase.FAILED})
_GOES_FIRST: Final = frozenset({Reason.BACKUP_WAITING, Reason.BACKUP_RUNNING})
"""Reasons of an earlier AuthlyBackup that is about to make its backup, or at it."""


async def reconcile(tools: Collaborators, key: Key) -> float | None:
    """Make the backup that is named, unless it was made, and tell what came of it.

    Raises:
        cluster.errors.ClusterError: the API server did not answer.
    """
    body = await tools.api.get(*key)
    if body is None or is_over(body) or "deletionTimestamp" in body["metadata"]:
        return None
    identity = custom_resource.identify(body)
    if custom_resource.is_disabled(identity):
        await status.tell_disabled(tools, body, identity)
        return None
    try:
        spec = custom_resource.parse(authly_backup.Spec, body)
    except custom_resource.InvalidSpec as error:
        await status.write(tools, body, identity, judgement.invalid(str(error)))
        return None
    seen = await _gather(tools, spec, identity)
    if seen.run.state is JobState.ABSENT and spec.job is None:
        seen = await _begin(tools, spec, seen)
    facts = _facts(spec, seen)
    await status.write(tools, body, identity, conditions.judge(spec, seen), facts)
    if facts["phase"] not in FINAL:
        return WAITING_SECONDS
    if seen.report is not None:
        await backup_records.forget(tools, identity, spec, facts["location"], seen.report)
        if seen.report.verified:
            one_shot.wake_server(tools, identity, spec.server_ref)
    return None


def is_over(body: Mapping[str, Any]) -> bool:
    """Whether nothing about it changes any more."""
    return (body.get("status") or {}).get("phase") in FINAL


async def _gather(
    tools: Collaborators, spec: authly_backup.Spec, identity: Identity
) -> BackupObserved:
    name = spec.job or naming.backup_run(spec.server_ref.name, identity.uid)
    run = await runs.find(tools.api, identity.namespace, name)
    return BackupObserved(
        identity=identity,
        server=await one_shot.find_server(tools, identity, spec.server_ref),
        run=run,
        report=reports.backup(run.last_lines) if run.state is JobState.SUCCEEDED else None,
    )


async def _begin(
    tools: Collaborators, spec: authly_backup.Spec, seen: BackupObserved
) -> BackupObserved:
    """Make the Job, unless another backup of the server has to be over first."""
    server = seen.server
    restore = server.identity.annotations.get(naming.RESTORING_ANNOTATION) if server else None
    if restore is not None:  # nobody asks the database meanwhile, so it does not answer either
        return dataclasses.replace(seen, waits_for=f"AuthlyRestore {restore}")
    if server is None or not server.database_ready:
        return seen
    plan = await one_shot.plan(tools, server)
    if plan is None or backup_job.destination(plan, spec) is None:
        return seen
    other = await _other(tools, spec, seen.identity) if plan.dump_image else one_shot.FIRST_LOOK
    if other is not None:
        return dataclasses.replace(seen, waits_for=other)
    manifests = backup_job.build(plan, spec, seen.identity)
    applied = await tools.applier.apply(manifests, {})
    if applied.failures:
        return dataclasses.replace(seen, failures=applied.failures)
    run = await runs.find(tools.api, seen.identity.namespace, manifests[-1]["metadata"]["name"])
    return dataclasses.replace(seen, run=run)


async def _other(tools: Collaborators, spec: authly_backup.Spec, identity: Identity) -> str | None:
    """Two at once would take the same room beside the database, and the same second in a name."""
    place = identity.namespace, spec.server_ref.name
    components = naming.Component.BACKUP, naming.Component.RUN
    for job in await runs.select(tools.api, *place, *components):
        if job_state(job) is JobState.RUNNING:
            return f"Job {job['metadata']['name']}"
    for other in await tools.api.list_objects("AuthlyBackup", identity.namespace):
        if _goes_before(other, spec, identity):
            return f"AuthlyBackup {other['metadata']['name']}"
    return None


def _goes_before(other: Mapping[str, Any], spec: authly_backup.Spec, identity: Identity) -> bool:
    """Whether another one of the same server was asked for earlier, and is not stuck."""
    if is_over(other) or "job" in other["spec"] or "deletionTimestamp" in other["metadata"]:
        return False
    if other["spec"]["serverRef"]["name"] != spec.server_ref.name:
        return False
    reason = status.reason(other)
    order = (other["metadata"]["creationTimestamp"], other["metadata"]["uid"])
    return (reason is None or reason in _GOES_FIRST) and order < (identity.created, identity.uid)


def _facts(spec: authly_backup.Spec, seen: BackupObserved) -> dict[str, Any]:
    """The status beside the condition; None for what is not known."""
    run, report = seen.run, seen.report
    gone = spec.job is not None and run.state is JobState.ABSENT
    job = run.job["metadata"]["name"] if run.job else None
    facts = {
        "phase": (Phase.FAILED if gone else PHASES[run.state]).value,
        "job": job,
        "completionTime": run.ended,
    }
    if report is None or run.job is None:
        return facts
    return facts | {
        "location": backup_pod.location(run.job, report.file_name),
        "size": report.size,
        "sha256": report.sha256,
        "encrypted": report.encrypted,
        "schemaRevision": report.schema_revision,
        "postgresVersion": report.postgres_version,
        "begunTime": report.begun_at,
        "verifiedTime": run.ended if report.verified else None,
    }
