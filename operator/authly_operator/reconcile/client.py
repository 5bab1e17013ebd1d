"""The story of an AuthlyClient: the Secret that its pods mount first, then its row."""

import dataclasses
from collections.abc import Mapping
from typing import Any

from authly_operator.api import authly_client
from authly_operator.cluster import gather
from authly_operator.conditions import client as conditions, judgement
from authly_operator.desired import client_row, client_secret
from authly_operator.instance import errors, registry
from authly_operator.material import client_secret as material
from authly_operator.observed import ClientObserved, Identity, SecretSeen, Written
from authly_operator.reconcile import custom_resource, registration, status
from authly_operator.reconcile.collaborators import Collaborators
from authly_operator.reconcile.registration import Place
from authly_operator.workqueue import Key


async def reconcile(tools: Collaborators, key: Key) -> float | None:
    """Bring Secret and row of the client that is named to what its spec says.

    Raises:
        cluster.errors.ClusterError: the API server did not answer.
        cluster.lease.Lost, instance.errors.StaleEpoch: another operator leads.
    """
    body = await tools.api.get(*key)
    if body is None:
        return None
    identity = custom_resource.identify(body)
    if custom_resource.is_disabled(identity):
        return None
    try:
        spec = custom_resource.parse(authly_client.Spec, body)
    except custom_resource.InvalidSpec as error:
        await status.write(tools, body, identity, judgement.invalid(str(error)))
        return None
    place = await registration.find(tools, identity, spec.server_ref)
    seen = await _gather(tools, identity, spec, place)
    if identity.deleting:
        return await _end(tools, body, spec, seen, place)
    seen = await _bring_about(tools, body, spec, seen, place)
    ready = await status.write(
        tools, body, identity, conditions.judge(spec, seen), _facts(body, spec, seen, tools)
    )
    return registration.READY_SECONDS if ready else registration.WAITING_SECONDS


async def _gather(
    tools: Collaborators, identity: Identity, spec: authly_client.Spec, place: Place
) -> ClientObserved:
    own = await _secret(tools, identity, client_secret.name(spec, identity))
    source = None
    if spec.auth.secret is not None and spec.auth.secret.ref is not None:
        source = await _secret(tools, identity, spec.auth.secret.ref.name)
    return ClientObserved(
        identity=identity,
        server=place.server,
        namespace_labels=place.namespace_labels,
        secret=own,
        source=source,
    )


async def _bring_about(
    tools: Collaborators,
    body: Mapping[str, Any],
    spec: authly_client.Spec,
    seen: ClientObserved,
    place: Place,
) -> ClientObserved:
    """Nothing is written unless all of it can be: no Secret for a client that is refused."""
    if place.url is None:
        return seen
    try:
        seen = await _examine(spec, seen, place.url)
        if seen.written is not None or (secret := _draw(tools, spec, seen)) is None:
            return seen
        await registration.hold(tools, body)
        seen = await _write_secret(tools, spec, seen, secret.text)
        if seen.failures:
            return seen
        return await _write_row(tools, spec, seen, place.url, secret.text)
    except errors.Unreachable as error:
        return dataclasses.replace(seen, error=str(error))


async def _examine(spec: authly_client.Spec, seen: ClientObserved, url: str) -> ClientObserved:
    """Look before the first write: somebody else's row, or scopes that nobody registered."""
    row = await registry.observe_client(url, client_row.client_id(spec, seen.identity))
    seen = dataclasses.replace(seen, row=row)
    if row is not None and row["owner"] != seen.identity.owner:
        return dataclasses.replace(seen, written=Written(outcome="Conflict", detail=row["owner"]))
    unknown = () if row else await registry.unknown_scopes(url, spec.scopes)
    if not unknown:
        return seen
    answer = Written(outcome="UnknownScopes", detail=list(unknown))
    return dataclasses.replace(seen, written=answer)


@dataclasses.dataclass(frozen=True, slots=True)
class _Secret:
    """A client secret; None for a public client."""

    text: str | None = dataclasses.field(repr=False)


def _draw(tools: Collaborators, spec: authly_client.Spec, seen: ClientObserved) -> _Secret | None:
    """The secret, or None where a reference leads nowhere or the Secret is somebody else's."""
    if seen.secret is not None and seen.secret.owner_uid != seen.identity.uid:
        return None
    text = material.draw(spec, seen, tools.draw(material.SECRET_BYTES))
    public = spec.type is authly_client.ClientType.PUBLIC
    return None if text is None and not public else _Secret(text)


async def _write_secret(
    tools: Collaborators, spec: authly_client.Spec, seen: ClientObserved, text: str | None
) -> ClientObserved:
    assert seen.server is not None  # noqa: S101  # there is no URL without a server
    manifest = client_secret.build(spec, seen.identity, seen.server, text)
    key = (manifest["kind"], manifest["metadata"]["name"])
    stored = await gather.secret(tools.api, seen.identity.namespace, key[1])
    applied = await tools.applier.apply([manifest], {key: stored} if stored else {})
    if applied.failures:
        return dataclasses.replace(seen, failures=applied.failures)
    found = await _secret(tools, seen.identity, key[1])
    if found is not None:
        tools.memory.keep(seen.identity.uid, key[1], found.data.data)
    return dataclasses.replace(seen, secret=found)


async def _write_row(
    tools: Collaborators,
    spec: authly_client.Spec,
    seen: ClientObserved,
    url: str,
    text: str | None,
) -> ClientObserved:
    digests = () if text is None else (material.digest(text),)
    row = client_row.build(spec, seen.identity, digests)
    written = await registry.apply_client(url, row, tools.epoch())
    found = await registry.observe_client(url, client_row.client_id(spec, seen.identity))
    return dataclasses.replace(seen, written=written, row=found)


async def _secret(tools: Collaborators, identity: Identity, name: str) -> SecretSeen | None:
    """A Secret as it is; where one of ours lost values or itself, with what is remembered."""
    found = gather.seen(await gather.secret(tools.api, identity.namespace, name))
    if found is not None and found.owner_uid != identity.uid:
        return found
    recalled = tools.memory.recall(identity.uid, name, found.data if found else None)
    if recalled is None:
        return None
    known = found or SecretSeen(data=recalled, owner_uid=identity.uid)
    return dataclasses.replace(known, data=recalled)


async def _end(
    tools: Collaborators,
    body: Mapping[str, Any],
    spec: authly_client.Spec,
    seen: ClientObserved,
    place: Place,
) -> float | None:
    """Delete or disable the row first, so that no client works without its resource."""
    url = await registration.url_to_delete(tools, place)
    if url is not None and spec.deletion_policy is not authly_client.DeletionPolicy.ORPHAN:
        seen = await _take_away(tools, spec, seen, url)
    if await registration.let_go(tools, body, seen.identity, waits=seen.error is not None):
        tools.memory.forget(seen.identity.uid)
        return None
    await status.write(tools, body, seen.identity, conditions.judge(spec, seen))
    return registration.WAITING_SECONDS


async def _take_away(
    tools: Collaborators, spec: authly_client.Spec, seen: ClientObserved, url: str
) -> ClientObserved:
    identity = seen.identity
    client_id = client_row.client_id(spec, identity)
    try:
        if spec.deletion_policy is authly_client.DeletionPolicy.DELETE:
            written = await registry.delete_client(url, client_id, identity.owner, tools.epoch())
            return dataclasses.replace(seen, written=written)
        row = await registry.observe_client(url, client_id)
        if row is not None and row["owner"] == identity.owner and row["enabled"]:
            await registry.apply_client(url, {**row, "enabled": False}, tools.epoch())
    except errors.Unreachable as error:
        return dataclasses.replace(seen, error=str(error))
    return seen


def _facts(
    body: Mapping[str, Any], spec: authly_client.Spec, seen: ClientObserved, tools: Collaborators
) -> dict[str, Any]:
    registered = seen.row is not None and seen.row["owner"] == seen.identity.owner
    before = (body.get("status") or {}).get("lastSyncTime")
    wrote = seen.written is not None and seen.written.outcome in {"Created", "Updated"}
    return {
        "clientId": client_row.client_id(spec, seen.identity) if registered else None,
        "secretRef": {"name": client_secret.name(spec, seen.identity)} if registered else None,
        "lastSyncTime": tools.clock.now().strftime("%Y-%m-%dT%H:%M:%SZ") if wrote else before,
    }
