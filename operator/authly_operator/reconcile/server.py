"""The story of an AuthlyServer."""

import dataclasses
from collections.abc import Mapping
from typing import Any, Final

from authly_operator import desired, naming, workqueue
from authly_operator.api import authly_server
from authly_operator.cluster import prune
from authly_operator.condition_names import Condition
from authly_operator.conditions import judgement, server as conditions
from authly_operator.dependants import Tally
from authly_operator.desired import migration_job, storage
from authly_operator.desired.plan import Plan
from authly_operator.observed import ServerObserved
from authly_operator.reconcile import (
    abandoned,
    backup_proofs,
    backup_records,
    backup_times,
    custom_resource,
    database_facts,
    growth,
    key_events,
    last_backup,
    measures,
    observation,
    registration,
    restore_lock,
    server_status,
    short_look,
    status,
    upgrade,
)
from authly_operator.reconcile.collaborators import Collaborators
from authly_operator.workqueue import Key


READY_SECONDS: Final = 60.0
WAITING_SECONDS: Final = 10.0
LEAVING_SECONDS: Final = 2.0


async def reconcile(tools: Collaborators, key: Key) -> float | None:
    """Bring the server that is named to what its spec says.

    Raises:
        cluster.errors.ClusterError: the API server did not answer; nothing is half-done for ever.
        instance.errors.StaleEpoch: another operator leads.
    """
    clients, events = tools.dependants.count(key), tools.calm.events
    body = await tools.api.get(*key)
    if body is None:
        tools.metrics.forget(key.namespace, key.name)
        _wake(tools, key)
        return None
    identity = custom_resource.identify(body)
    end = await last_backup.ending(tools, body, identity)
    if end is last_backup.Ending.LEFT:
        return None
    if custom_resource.is_disabled(identity):
        await status.tell_disabled(tools, body, identity)
        return None
    try:
        spec = custom_resource.parse(authly_server.Spec, body)
    except custom_resource.InvalidSpec as error:
        await status.write(tools, body, identity, judgement.invalid(str(error)))
        return None
    if not identity.deleting and await short_look.is_enough(tools, body, identity, clients):
        return READY_SECONDS
    if not identity.deleting:
        await last_backup.guard(tools, body, spec)
    spec = last_backup.final(spec, end)
    identity, busy = await restore_lock.checked(tools, body, identity)
    around = await observation.gather(
        tools, identity, spec, database_busy=busy, postgres_version=database_facts.version(body)
    )
    plan = await observation.judge_material(tools, spec, around)
    if end.is_final or not spec.paused:
        plan = await _bring_about(tools, plan, around.everything)
    seconds = await _tell(tools, body, plan, clients, events)
    return await _let_go(tools, body, plan, around.everything) if end.is_final else seconds


async def _let_go(
    tools: Collaborators,
    body: Mapping[str, Any],
    plan: Plan,
    everything: Mapping[tuple[str, str], Any],
) -> float | None:
    """Leave the server to the garbage collector, as soon as that knows what to take."""
    if plan.seen.identity.foreground and await last_backup.is_settled(tools, plan):
        plan = await _bring_about(tools, last_backup.owned(plan), everything)
    if not await last_backup.is_settled(tools, plan):
        return LEAVING_SECONDS
    await registration.release(tools, body)
    return None


async def _bring_about(
    tools: Collaborators, plan: Plan, everything: Mapping[tuple[str, str], Any]
) -> Plan:
    """Apply what differs, then prune what is neither desired nor held; the plan with refusals.

    Rows without a resource are swept first: nobody answers yet who would give them tokens.
    """
    database = plan.seen.database
    if database and database.schema_revision is not None and plan.claimed_by is None:
        server = Key("AuthlyServer", plan.namespace, plan.name)
        url = plan.material.credentials[registration.OPERATOR_URL]
        await abandoned.sweep(tools, server, url)
    manifests = desired.manifests(plan)
    applied = await tools.applier.apply(manifests, everything)
    measures.count(tools.metrics, "AuthlyServer", applied)
    wanted = {(one["kind"], one["metadata"]["name"]) for one in manifests}
    surplus = prune.surplus(wanted, everything, desired.held(plan))
    await prune.prune(tools.api, plan.namespace, everything, surplus)
    await backup_records.keep(tools, plan)
    refused = await growth.expand(tools, plan)
    seen = dataclasses.replace(plan.seen, failures=applied.failures, claims_refused=refused)
    return dataclasses.replace(plan, seen=seen)


async def _tell(
    tools: Collaborators, body: Mapping[str, Any], plan: Plan, clients: Tally, events: int
) -> float:
    due = backup_times.next_due(plan.seen, body, plan.now)
    expected = conditions.Expectation(
        image=plan.image,
        migration_job=plan.migration_job,
        config_hash=plan.config_hash,
        missing=plan.material.missing,
        claimed_by=plan.claimed_by,
        role_lock_job=plan.role_lock_job,
        signing_keys_missing=plan.material.signing_keys_missing,
        approved=migration_job.is_approved(plan),
        shortages=storage.shortages(plan.spec, plan.seen),
        impossible=desired.impossible(plan),
        backup_overdue=backup_times.overdue(due, plan.now),
    )
    judged = conditions.judge(plan.spec, plan.seen, expected)
    measures.date(tools.metrics, plan)
    true = {one.type for one in judged if one.true}
    facts = server_status.facts(plan.spec, plan.seen) | server_status.phase(judged)
    facts["clients"] = clients._asdict()
    proved = await backup_proofs.latest(tools, plan)
    facts["backup"] = backup_times.told(plan.seen, body, due, proved)
    facts["upgrade"] = upgrade.told(
        (body.get("status") or {}).get("upgrade"),
        deployed=facts["image"],
        wanted=plan.image,
        true=true,
    )
    ready = await status.write(tools, body, plan.seen.identity, judged, facts)
    await key_events.post(tools, body, facts["signingKeys"])
    answers, has_database = (
        Condition.ENDPOINT_READY in true,
        Condition.DATABASE_READY in true and facts["schemaRevision"] is not None,
    )
    if (answers, has_database) != registration.offer(body) or _is_new(body, plan.seen):
        _wake(tools, Key("AuthlyServer", plan.namespace, plan.name))
    moving = Condition.PROGRESSING in true or _is_swapping(plan)
    settled = ready and not moving and database_facts.is_caught_up(facts["database"])
    if settled:
        await short_look.remember(tools, body, plan, clients, events)
    return _until_next_look(plan, READY_SECONDS if settled else WAITING_SECONDS)


def _is_swapping(plan: Plan) -> bool:
    """Whether the passwords of the database's roles are on their way."""
    passwords = plan.material.passwords
    return passwords is not None and not passwords.settled


def _until_next_look(plan: Plan, seconds: float) -> float:
    """When a key or a password takes its next step, if that is earlier; not a little before it."""
    due = plan.material.next_step
    if due is None:
        return seconds
    left = max(1.0, (due - plan.now).total_seconds())
    return min(seconds, left / (1 - workqueue.SPREAD))


def _is_new(body: Mapping[str, Any], seen: ServerObserved) -> bool:
    """Whether this generation is judged for the first time: it may admit other clients."""
    before = (body.get("status") or {}).get("observedGeneration")
    return bool(before != seen.identity.generation)


def _wake(tools: Collaborators, key: Key) -> None:
    """Its scopes and clients look again: what they wait for may have come, or gone."""
    tools.recent.forget(*key)
    tools.recent.forget("Secret", key.namespace, naming.credentials(key.name))
    for dependant in tools.dependants.of(key):
        tools.wake(dependant)
