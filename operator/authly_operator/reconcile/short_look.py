"""Look at a server at which nothing was to be done, and see whether anything is now (calm.py)."""

import asyncio
from collections.abc import Mapping
from typing import Any

from authly_operator import naming
from authly_operator.api import authly_server
from authly_operator.cluster import gather as cluster_gather, resources
from authly_operator.dependants import Tally
from authly_operator.desired.plan import Plan
from authly_operator.instance import endpoint
from authly_operator.observed import Identity, SecretData
from authly_operator.reconcile import calm, observation
from authly_operator.reconcile.collaborators import Collaborators
from authly_operator.workqueue import Key


async def is_enough(
    tools: Collaborators, body: Mapping[str, Any], identity: Identity, clients: Tally
) -> bool:
    """Whether the server is as the last full look left it, and all answers as it did.

    Raises:
        cluster.errors.ClusterError: the API server did not answer.
    """
    key, events = _key(identity), tools.calm.events
    scene = tools.calm.take(key, body["metadata"]["resourceVersion"], clients)
    if scene is None or await _ask(tools, identity, scene.questions) != scene.answers:
        return False
    tools.calm.keep(key, scene, events)
    return True


async def remember(
    tools: Collaborators, body: Mapping[str, Any], plan: Plan, clients: Tally, events: int
) -> None:
    """Let the next looks be short, after a full one that left nothing to be done.

    Raises:
        cluster.errors.ClusterError: the API server did not answer.
    """
    if plan.spec.paused or plan.seen.identity.deleting or not tools.calm.seconds:
        return
    asked = _questions(plan.spec, plan)
    answers = calm.Answers(
        {name: plan.seen.secrets[name] for name in asked.secrets if name in plan.seen.secrets},
        await _kinds(tools),
        plan.seen.accounts,
        plan.seen.database,
        plan.seen.endpoint,
    )
    due = plan.material.next_step
    left = tools.calm.seconds if due is None else (due - plan.now).total_seconds()
    until = tools.calm.monotonic() + min(tools.calm.seconds, left)
    version = body["metadata"]["resourceVersion"]
    tools.calm.keep(
        _key(plan.seen.identity), calm.Scene(version, clients, asked, answers, until), events
    )


def _key(identity: Identity) -> Key:
    return Key("AuthlyServer", identity.namespace, identity.name)


def _questions(spec: authly_server.Spec, plan: Plan) -> calm.Questions:
    return calm.Questions(
        observation.references(spec, plan.seen.identity),
        observation.url(plan, "OPERATOR_DATABASE_URL"),
        naming.service_url(plan.name, plan.namespace, spec.service.port),
        spec.effective_issuer(),
    )


async def _ask(tools: Collaborators, identity: Identity, asked: calm.Questions) -> calm.Answers:
    secrets, kinds, accounts, database, answered = await asyncio.gather(
        _secrets(tools, identity, asked.secrets),
        _kinds(tools),
        tools.accounts.find(),
        observation.ask_instance(asked.database),
        endpoint.probe(tools.http, asked.endpoint, asked.issuer),
    )
    return calm.Answers(secrets, kinds, accounts, database, answered)


async def _secrets(
    tools: Collaborators, identity: Identity, names: tuple[str, ...]
) -> dict[str, SecretData]:
    found = {
        name: await cluster_gather.secret(tools.api, identity.namespace, name) for name in names
    }
    return {name: cluster_gather.decoded(secret) for name, secret in found.items() if secret}


async def _kinds(tools: Collaborators) -> frozenset[str]:
    """Which of the optional kinds the cluster knows."""
    known = [each.kind for each in resources.OPTIONAL if await tools.discovery.serves(each.kind)]
    return frozenset(known)
