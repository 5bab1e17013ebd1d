"""Look around an AuthlyServer: its children, its Secrets, its database and its endpoint."""

import asyncio
import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass

from authly_operator import material, naming
from authly_operator.api import authly_server
from authly_operator.cluster import gather as cluster_gather
from authly_operator.desired import storage
from authly_operator.desired.plan import Plan
from authly_operator.instance import database, endpoint, errors, registry, trust
from authly_operator.material import (
    database_owner,
    database_url,
    redis_url,
    registration_token,
    smtp_password,
)
from authly_operator.observed import (
    ChildKey,
    DatabaseProbe,
    EndpointProbe,
    Identity,
    Manifest,
    SecretData,
    ServerObserved,
)
from authly_operator.reconcile.collaborators import Collaborators


@dataclass(frozen=True, slots=True)
class Around:
    """What was seen, and every child with its Secrets as the API server has them."""

    seen: ServerObserved
    everything: Mapping[ChildKey, Manifest]


async def gather(
    tools: Collaborators,
    identity: Identity,
    spec: authly_server.Spec,
    *,
    database_busy: bool = False,
    postgres_version: str | None = None,
) -> Around:
    """Read everything but the database and the endpoint; its version is that of the last answer.

    Raises:
        cluster.errors.ClusterError: the API server did not answer.
    """
    place = identity.namespace, identity.name
    children, (more, unavailable), waiting = await asyncio.gather(
        cluster_gather.children(tools.api, *place),
        cluster_gather.optional_children(tools.api, tools.discovery, *place),
        cluster_gather.waiting(tools.api, *place),
    )
    children |= more
    secrets = await _secrets(tools, identity, spec, children)
    accounts = await tools.accounts.find()
    claims = await _claims(tools, identity, spec)
    seen = ServerObserved(
        identity=identity,
        settings=tools.settings,
        children={key: child for key, child in children.items() if key[0] != "Secret"},
        secrets=secrets,
        waiting=waiting,
        claims=claims,
        unavailable=unavailable,
        database_busy=database_busy,
        postgres_version=postgres_version,
        accounts=accounts,
    )
    return Around(seen, children)


async def judge_material(tools: Collaborators, spec: authly_server.Spec, around: Around) -> Plan:
    """Draw what is missing of passwords and keys, and probe with them.

    Raises:
        instance.errors.StaleEpoch: never here; probing only reads.
    """
    entropy = tools.draw(material.ENTROPY_BYTES)
    # In a thread: an RSA key takes a second of CPU, and the Lease must be renewed meanwhile.
    now = tools.clock.now()
    drawn = await asyncio.to_thread(
        material.draw, spec, around.seen, now, entropy, tools.draw_rsa_key
    )
    _remember(tools, around.seen, drawn)
    plan = Plan(spec=spec, seen=around.seen, material=drawn, now=now)
    probed, answered = await asyncio.gather(_database(plan), _endpoint(tools, plan))
    seen = dataclasses.replace(
        around.seen,
        database=probed,
        postgres_version=(probed and probed.version) or around.seen.postgres_version,
        endpoint=answered,
    )
    return dataclasses.replace(plan, seen=seen)


async def _claims(
    tools: Collaborators, identity: Identity, spec: authly_server.Spec
) -> dict[str, Manifest]:
    names = storage.claims(spec, identity)
    found = await asyncio.gather(
        *(tools.api.get("PersistentVolumeClaim", identity.namespace, name) for name in names)
    )
    return {name: claim for name, claim in zip(names, found, strict=True) if claim is not None}


async def _secrets(
    tools: Collaborators,
    identity: Identity,
    spec: authly_server.Spec,
    children: Mapping[ChildKey, Manifest],
) -> dict[str, SecretData]:
    """Our two by what was gathered, by name, or from memory; those of others by name."""
    ours = (naming.credentials(identity.name), naming.signing_keys(identity.name))
    found: dict[str, SecretData] = {}
    for name in (*ours, *references(spec, identity)):
        manifest = children.get(("Secret", name)) or await cluster_gather.secret(
            tools.api, identity.namespace, name
        )
        seen = cluster_gather.decoded(manifest) if manifest else None
        if name in ours:
            seen = tools.memory.recall(identity.uid, name, seen)
        if seen is not None:
            found[name] = seen
    return found


def references(spec: authly_server.Spec, identity: Identity) -> tuple[str, ...]:
    """The Secrets of others that the spec names."""
    references = (
        *database_owner.references(spec.database, identity),
        *redis_url.references(spec.redis),
        *registration_token.references(spec),
        *smtp_password.references(spec),
        spec.bootstrap_admin.secret_ref and spec.bootstrap_admin.secret_ref.name,
        spec.signing_keys.secret_ref and spec.signing_keys.secret_ref.name,
    )
    return tuple(name for name in references if name)


def _remember(tools: Collaborators, seen: ServerObserved, drawn: material.Material) -> None:
    """Of the ring what was seen: a key that was never written was never published either."""
    if not drawn.complete:
        return
    uid, name = seen.identity.uid, naming.signing_keys(seen.identity.name)
    tools.memory.keep(uid, naming.credentials(seen.identity.name), drawn.credentials)
    if name in seen.secrets:
        tools.memory.keep(uid, name, seen.secrets[name].data)


async def _database(plan: Plan) -> DatabaseProbe | None:
    """Ask as the operator's role once there is one; before that one of others as its owner."""
    if not plan.material.complete or plan.seen.database_busy:
        return None
    serves = plan.seen.child("Deployment", naming.deployment(plan.name)) is not None
    if plan.migrated or serves:
        return await ask_instance(url(plan, "OPERATOR_DATABASE_URL"))
    if plan.spec.database.managed is not None:
        return None
    owner = url(plan, "MIGRATION_DATABASE_URL")
    return await database.probe(owner)


async def ask_instance(url: str) -> DatabaseProbe:
    """What the database says of itself to the operator's role, or why it does not."""
    try:
        return await registry.observe_instance(url)
    except errors.Unreachable as error:
        return DatabaseProbe(error=str(error), refused=isinstance(error, errors.SignInRefused))


def url(plan: Plan, key: str) -> str:
    """A URL of the database by its name among the credentials, with what to trust it by."""
    credentials = plan.material.credentials
    return trust.rooted(credentials[key], credentials.get(database_url.AUTHORITY))


async def _endpoint(tools: Collaborators, plan: Plan) -> EndpointProbe | None:
    deployment = plan.seen.child("Deployment", naming.deployment(plan.name)) or {}
    if not deployment.get("status", {}).get("availableReplicas"):
        return None
    service = naming.service_url(plan.name, plan.namespace, plan.spec.service.port)
    return await endpoint.probe(tools.http, service, plan.spec.effective_issuer())
