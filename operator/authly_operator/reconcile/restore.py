"""The story of an AuthlyRestore: nothing serves, a Job replaces the database, and it is served.

Each pass finds out how far the restore is, by the server's annotation, the Job, and the steps in
the status; whoever is killed in between is followed by one who does the same.
"""

import dataclasses
from collections.abc import Mapping
from typing import Any, Final

from authly_operator import naming
from authly_operator.api import authly_restore
from authly_operator.api.authly_backup import Phase
from authly_operator.api.backup import Destination
from authly_operator.cluster import reports, runs
from authly_operator.conditions import authly_restore as conditions, judgement
from authly_operator.desired import restore_job
from authly_operator.instance import errors, registry
from authly_operator.observed import Identity, JobState, job_state
from authly_operator.observed_backups import RestoreObserved, Span
from authly_operator.reconcile import (
    backup_records,
    client,
    custom_resource,
    one_shot,
    registration,
    restore_lock,
    restore_source,
    restore_status,
    scope,
    status,
)
from authly_operator.reconcile.collaborators import Collaborators
from authly_operator.workqueue import Key


WAITING_SECONDS: Final = 10.0
MOVING_SECONDS: Final = 2.0
_STORIES: Final = {"AuthlyScope": scope.reconcile, "AuthlyClient": client.reconcile}
_JOBS: Final = (
    naming.Component.BACKUP,
    naming.Component.MAINTENANCE,
    naming.Component.MIGRATION,
    naming.Component.RUN,
)


async def reconcile(tools: Collaborators, key: Key) -> float | None:
    """Go on with the restore that is named, as far as it goes now.

    Raises:
        cluster.errors.ClusterError: the API server did not answer.
        cluster.lease.Lost, instance.errors.StaleEpoch: another operator leads.
    """
    body = await tools.api.get(*key)
    if body is None:
        return None
    identity = custom_resource.identify(body)
    if await _is_left(tools, body, identity):
        return None
    try:
        spec = custom_resource.parse(authly_restore.Spec, body)
    except custom_resource.InvalidSpec as error:
        await status.write(tools, body, identity, judgement.invalid(str(error)))
        return None
    seen, destination = await _gather(tools, body, spec, identity)
    seen = await _go_on(tools, body, spec, seen, destination)
    facts = restore_status.facts(spec, seen, _now(tools))
    await status.write(tools, body, identity, conditions.judge(spec, seen), facts)
    if facts["phase"] in restore_lock.FINAL:
        await _end(tools, body, spec, seen)
        return None
    return MOVING_SECONDS if facts["phase"] == Phase.RUNNING else WAITING_SECONDS


async def _is_left(tools: Collaborators, body: Mapping[str, Any], identity: Identity) -> bool:
    """Whether there is nothing to do: it is over, or goes before it began, or with everything."""
    over = (body.get("status") or {}).get("phase") in restore_lock.FINAL
    begun = naming.FINALIZER in body["metadata"].get("finalizers", ())
    if over or (identity.deleting and await registration.is_namespace_going(tools, identity)):
        await registration.release(tools, body)
        return True
    if custom_resource.is_disabled(identity) and not begun:
        await status.tell_disabled(tools, body, identity)
        return True
    return identity.deleting and not begun


async def _gather(
    tools: Collaborators, body: Mapping[str, Any], spec: authly_restore.Spec, identity: Identity
) -> tuple[RestoreObserved, Destination | None]:
    name = naming.restore_run(spec.server_ref.name, identity.uid)
    run = await runs.find(tools.api, identity.namespace, name)
    server = await one_shot.find_server(tools, identity, spec.server_ref)
    source, destination = await restore_source.find(tools, identity, spec, server)
    known = source.location or (body.get("status") or {}).get("location")
    source = dataclasses.replace(source, location=known)
    seen = RestoreObserved(
        identity=identity,
        server=server,
        source=source,
        run=run,
        report=reports.restored(run.last_lines) if run.state is JobState.SUCCEEDED else None,
        steps=restore_status.joined(restore_status.parse(body), run),
    )
    return seen, destination


async def _go_on(
    tools: Collaborators,
    body: Mapping[str, Any],
    spec: authly_restore.Spec,
    seen: RestoreObserved,
    destination: Destination | None,
) -> RestoreObserved:
    in_place = spec.mode is authly_restore.Mode.IN_PLACE
    if restore_status.RESUME in seen.steps:  # also where somebody has deleted the Job
        return await _serve_again(tools, spec, seen)
    match seen.run.state:
        case JobState.ABSENT:
            return await _begin(tools, body, spec, seen, destination)
        case JobState.SUCCEEDED if in_place:
            return await _serve_again(tools, spec, seen)
        case JobState.FAILED if in_place:
            await restore_lock.release(tools, seen.identity, spec.server_ref.name, {})
            server = await one_shot.find_server(tools, seen.identity, spec.server_ref)
            return dataclasses.replace(seen, server=server)
    return seen


async def _begin(
    tools: Collaborators,
    body: Mapping[str, Any],
    spec: authly_restore.Spec,
    seen: RestoreObserved,
    destination: Destination | None,
) -> RestoreObserved:
    """The server makes room, then the Job is made; neither where it could come to nothing."""
    file_name = seen.source.file_name
    if seen.server is None or destination is None or file_name is None:
        return seen
    if conditions.is_newer(seen) or (plan := await one_shot.plan(tools, seen.server)) is None:
        return seen
    if spec.mode is authly_restore.Mode.IN_PLACE:
        if plan.dump_image is None:
            return dataclasses.replace(seen, waits_for=one_shot.FIRST_LOOK)
        seen = await _make_room(tools, body, spec, seen)
    seen = dataclasses.replace(seen, waits_for=seen.waits_for or await _other(tools, spec, seen))
    if seen.waits_for is not None:
        return seen
    seen = _stepped(seen, restore_status.QUIESCE, _now(tools)) if seen.holds_server else seen
    manifests = restore_job.build(plan, spec, seen.identity, destination, file_name)
    applied = await tools.applier.apply(manifests, {})
    run = await runs.find(tools.api, seen.identity.namespace, manifests[-1]["metadata"]["name"])
    return dataclasses.replace(seen, run=run, failures=applied.failures)


async def _make_room(
    tools: Collaborators, body: Mapping[str, Any], spec: authly_restore.Spec, seen: RestoreObserved
) -> RestoreObserved:
    """Take the server, unless something runs that it cannot be taken from; then nothing serves."""
    if not seen.holds_server:
        if (other := await _other(tools, spec, seen)) is not None:
            return dataclasses.replace(seen, waits_for=other)
        await registration.hold(tools, body)
        await restore_lock.take(tools, seen.identity, spec.server_ref.name)
        server = await one_shot.find_server(tools, seen.identity, spec.server_ref)
        seen = dataclasses.replace(seen, server=server)
        if not seen.holds_server:
            return dataclasses.replace(seen, waits_for="another AuthlyRestore")
    now = _now(tools)
    steps = {restore_status.QUIESCE: Span(begun=now), **seen.steps}
    seen = dataclasses.replace(seen, steps=steps)
    registry.close()  # connections that would keep the database from being renamed
    if await _serves(tools, spec, seen.identity):
        return dataclasses.replace(seen, waits_for="the last of the server's pods")
    return seen


async def _other(
    tools: Collaborators, spec: authly_restore.Spec, seen: RestoreObserved
) -> str | None:
    """What works on the database: another restore, or a Job of the server."""
    annotations = seen.server.identity.annotations if seen.server else {}
    holder = annotations.get(naming.RESTORING_ANNOTATION)
    if holder not in (None, seen.identity.name):
        return f"AuthlyRestore {holder}"
    jobs = await runs.select(tools.api, seen.identity.namespace, spec.server_ref.name, *_JOBS)
    active = (job["metadata"]["name"] for job in jobs if job_state(job) is JobState.RUNNING)
    if (name := next(active, None)) is not None:
        return f"Job {name}"
    others = await tools.api.list_objects("AuthlyRestore", seen.identity.namespace)
    running = (one["metadata"]["name"] for one in others if _is_before(one, spec, seen.identity))
    return next((f"AuthlyRestore {name}" for name in running), None)


def _is_before(other: Mapping[str, Any], spec: authly_restore.Spec, identity: Identity) -> bool:
    """Whether it is another restore of the server that has begun, be it about to serve again."""
    about = other["spec"]["serverRef"]["name"], (other.get("status") or {}).get("phase")
    return (
        about == (spec.server_ref.name, Phase.RUNNING) and other["metadata"]["uid"] != identity.uid
    )


async def _serves(tools: Collaborators, spec: authly_restore.Spec, identity: Identity) -> bool:
    """Whether there are replicas, be they about to go."""
    name = spec.server_ref.name
    deployment = await tools.api.get("Deployment", identity.namespace, naming.deployment(name))
    if deployment is not None and deployment["spec"].get("replicas", 1) > 0:
        return True
    labels = naming.selector(name, naming.Component.SERVER)
    selector = ",".join(f"{key}={text}" for key, text in labels.items())
    pods = await tools.api.list_objects("Pod", identity.namespace, selector)
    return any(pod["status"].get("phase") not in ("Succeeded", "Failed") for pod in pods)


async def _serve_again(
    tools: Collaborators, spec: authly_restore.Spec, seen: RestoreObserved
) -> RestoreObserved:
    """Clients and scopes first, then a question, then the replicas of before."""
    if restore_status.RESUME not in seen.steps:
        return await _prepare(tools, spec, seen)
    rotate = {naming.ROTATE_AT_ANNOTATION: _now(tools)} if spec.security.rotate_signing_keys else {}
    await restore_lock.release(tools, seen.identity, spec.server_ref.name, rotate)
    server = await one_shot.find_server(tools, seen.identity, spec.server_ref)
    seen = dataclasses.replace(seen, server=server)
    if server is None or seen.holds_server:
        return seen
    wanted = server.spec.replicas > 0
    if wanted and not (server.ready and await _serves(tools, spec, seen.identity)):
        return seen
    return _stepped(seen, restore_status.RESUME, _now(tools))


async def _prepare(
    tools: Collaborators, spec: authly_restore.Spec, seen: RestoreObserved
) -> RestoreObserved:
    """The server asks its database first; whoever comes after the restored one knows its rows."""
    key = Key("AuthlyServer", seen.identity.namespace, spec.server_ref.name)
    server = seen.server
    if server is None or not server.database_ready:
        tools.wake(key)
        return dataclasses.replace(seen, error="its server has not seen the database yet")
    begun = _now(tools)
    if spec.security.resync_clients:
        for dependant in tools.dependants.of(key):
            if dependant.kind in _STORIES:
                await _STORIES[dependant.kind](tools, dependant)
        seen = _stepped(seen, restore_status.RESYNC, _now(tools), begun)
    url = await registration.database_url(tools, server.identity)
    try:
        await registry.observe_instance(url or "")
    except errors.Unreachable as error:
        return dataclasses.replace(seen, error=str(error))
    now = _now(tools)
    seen = _stepped(seen, restore_status.PROBE, now)
    steps = {**seen.steps, restore_status.RESUME: Span(begun=now)}
    return dataclasses.replace(seen, steps=steps)


async def _end(
    tools: Collaborators, body: Mapping[str, Any], spec: authly_restore.Spec, seen: RestoreObserved
) -> None:
    """What was restored can be: in place, too, if it has come as far as to be served."""
    if restore_status.phase(spec, seen) is Phase.SUCCEEDED:
        place, proved = seen.source.location, seen.run.ended or _now(tools)
        await backup_records.date(tools, seen.identity.namespace, place, proved)
    await registration.release(tools, body)
    one_shot.wake_server(tools, seen.identity, spec.server_ref)


def _stepped(
    seen: RestoreObserved, step: str, now: str, begun: str | None = None
) -> RestoreObserved:
    """The step is over."""
    before = seen.steps.get(step, Span())
    span = Span(begun=before.begun or begun or now, over=now)
    steps = restore_status.in_order({**seen.steps, step: span})
    return dataclasses.replace(seen, steps=steps)


def _now(tools: Collaborators) -> str:
    return tools.clock.now().strftime("%Y-%m-%dT%H:%M:%SZ")
