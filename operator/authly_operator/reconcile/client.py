"""The story of an AuthlyClient: the Secret that its pods mount first, then its row."""

import dataclasses
from collections.abc import Mapping
from typing import Any, Final

from authly_operator.api import authly_client, reference
from authly_operator.conditions import (
    acceptance,
    applicant,
    client as conditions,
    judgement,
)
from authly_operator.conditions.registration import WRITTEN
from authly_operator.desired import client_drift, client_row, client_secret
from authly_operator.instance import errors, registry
from authly_operator.material import (
    client_key,
    client_secret as material,
    secret_rotation,
)
from authly_operator.observed import Written
from authly_operator.observed_clients import ClientObserved
from authly_operator.reconcile import (
    adoption,
    custom_resource,
    drifting,
    issuance,
    pod_secret,
    redirecting,
    registered_secrets,
    registration,
    rotating,
    scope_counts,
    status,
    verifying,
)
from authly_operator.reconcile.collaborators import Collaborators
from authly_operator.reconcile.registration import Place
from authly_operator.workqueue import Key


REFERENCE_SECONDS: Final = 60.0
"""How soon an edit of the Secret that auth.secret.ref names is noticed where no watch tells of it:
there are cluster.named.MOST."""


async def reconcile(tools: Collaborators, key: Key) -> float | None:
    """Bring Secret and row of the client that is named to what its spec says.

    Raises:
        cluster.errors.ClusterError: the API server did not answer.
        cluster.lease.Lost, instance.errors.StaleEpoch: another operator leads.
    """
    body = await custom_resource.find(tools, key)
    if body is None:
        tools.dependants.note(key, None)
        return None
    identity = custom_resource.identify(body)
    if custom_resource.is_disabled(identity) and not identity.deleting:
        await status.tell_disabled(tools, body, identity)
        return None
    try:
        spec = custom_resource.parse(authly_client.Spec, body)
    except custom_resource.InvalidSpec as error:
        await status.write(tools, body, identity, judgement.invalid(str(error)))
        return None
    unresolved: tuple[str, ...] = ()
    if not identity.deleting:
        followed = await redirecting.follow(tools, identity, spec)
        spec, unresolved = followed.spec, followed.unresolved
    place = await registration.find(tools, identity, spec)
    seen = ClientObserved(
        identity=identity,
        unresolved=unresolved,
        server=place.server,
        namespace_labels=place.namespace_labels,
        error=None if identity.deleting else place.error,
    )
    if identity.deleting:  # its Secrets are not read: the right to may be gone with its namespace
        return await _end(tools, body, spec, seen, place)
    seen = await _gather(tools, body, spec, seen)
    seen = await _bring_about(tools, body, spec, seen, place)
    seen = await verifying.verify(tools, body, spec, seen, place.url)
    seen = await rotating.advance(tools, spec, seen, place.url)
    drift = drifting.facts(body, spec, seen, refused=place.refusal is not None)
    facts = _facts(body, spec, seen, tools) | drift
    ready = await status.write(tools, body, identity, conditions.judge(spec, seen), facts)
    await drifting.tell(tools, body, spec, seen)
    if not ready:
        return registration.WAITING_SECONDS
    after = registration.READY_SECONDS if _reference(spec) is None else REFERENCE_SECONDS
    return min(after, rotating.seconds(spec, seen))


def _reference(spec: authly_client.Spec) -> reference.SecretKeyReference | None:
    return spec.auth.secret.ref if spec.auth.secret else None


async def _gather(
    tools: Collaborators, body: Mapping[str, Any], spec: authly_client.Spec, seen: ClientObserved
) -> ClientObserved:
    identity = seen.identity
    own = await pod_secret.find(tools, identity, client_secret.name(spec, identity))
    ref, former = _reference(spec), pod_secret.former_name(body, spec)
    return dataclasses.replace(
        seen,
        secret=own,
        former=await pod_secret.find(tools, identity, former) if former else None,
        source=await pod_secret.find(tools, identity, ref.name) if ref else None,
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
        return await _refuse(tools, spec, seen, place)
    try:
        seen = await _examine(body, spec, seen, place.url)
        if seen.unresolved:
            return seen
        if seen.written is not None or (secret := _draw(tools, spec, seen)) is None:
            return seen
        await registration.hold(tools, body)
        renew = secret_rotation.is_due(spec, seen)
        key = client_key.draw(spec, seen, tools.draw(client_key.BYTES), renew=renew)
        former = client_key.former(seen, key, secret_rotation.MOST - 1) if key else ()
        spec = client_key.registered(spec, key, former)
        seen = await pod_secret.write(tools, spec, seen, secret.text, key)
        if seen.failures:
            return seen
        seen = await _write_row(tools, body, spec, seen, url=place.url, text=secret.text)
    except errors.Unreachable as error:
        return dataclasses.replace(seen, error=str(error))
    if seen.written is not None and seen.written.outcome in WRITTEN:
        await pod_secret.remove_former(tools, body, spec)
    return seen


async def _refuse(
    tools: Collaborators, spec: authly_client.Spec, seen: ClientObserved, place: Place
) -> ClientObserved:
    """A client that the server admits no more is disabled, not deleted: leave may be given again.

    Where an edit alone is refused, what was registered before goes on. Nobody's row but its own is
    touched.
    """
    url = await registration.url_of_refused(tools, place)
    if url is None:
        return seen
    try:
        row = await registry.observe_client(url, client_row.client_id(spec, seen.identity))
        if row is None or row["owner"] != seen.identity.owner:
            return seen
        if row["enabled"] and not (spec.enabled and _is_admitted(seen, place, row)):
            row = {**row, "enabled": False}
            await registry.apply_client(url, row, tools.epoch())
    except errors.Unreachable as error:
        return dataclasses.replace(seen, error=str(error))
    return dataclasses.replace(seen, row=row)


def _server(spec: authly_client.Spec, seen: ClientObserved) -> Key:
    return registration.server_key(seen.identity, spec.server_ref)


def _is_admitted(seen: ClientObserved, place: Place, row: Mapping[str, Any]) -> bool:
    """Whether what is registered is within the server's rules."""
    assert place.server is not None  # noqa: S101  # somebody has refused
    has = applicant.registered(row, seen.identity, place.namespace_labels)
    return acceptance.refusal(place.server, has) is None


async def _examine(
    body: Mapping[str, Any], spec: authly_client.Spec, seen: ClientObserved, url: str
) -> ClientObserved:
    """Look before the first write: somebody else's row, or scopes that nobody registered."""
    row = await registry.observe_client(url, client_row.client_id(spec, seen.identity))
    seen = await registered_secrets.find(body, spec, dataclasses.replace(seen, row=row), url)
    if row is not None and not await adoption.is_ours(spec, seen.identity, url, row):
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
    if seen.secret is not None and not seen.secret.belongs_to(seen.identity.uid):
        return None
    text = secret_rotation.draw(spec, seen, tools.draw(material.SECRET_BYTES))
    return None if text is None and spec.has_secret() else _Secret(text)


async def _write_row(
    tools: Collaborators,
    body: Mapping[str, Any],
    spec: authly_client.Spec,
    seen: ClientObserved,
    *,
    url: str,
    text: str | None,
) -> ClientObserved:
    client_id = client_row.client_id(spec, seen.identity)
    digests = secret_rotation.digests(text, seen.secrets)
    wanted = client_row.build(spec, seen.identity, digests)
    before = drifting.before(body)
    changed = registered_secrets.are_changed(body, seen, digests, before)
    plan = client_drift.plan(spec.drift_policy, wanted, seen.row, before, secrets_changed=changed)
    synced = client_drift.digest(wanted)
    seen = dataclasses.replace(seen, drift=plan.drift, wanted=wanted)
    if plan.row is None:
        return dataclasses.replace(seen, synced=synced)
    row = {**plan.row, "adopt": adoption.is_asked_for(spec)}
    written = await registry.apply_client(url, row, tools.epoch())
    found = await registry.observe_client(url, client_id)
    scope_counts.changed(tools, _server(spec, seen), seen.row, found)
    known = synced if written.outcome in WRITTEN else None
    seen = dataclasses.replace(seen, written=written, row=found, synced=known)
    return await registered_secrets.find(body, spec, seen, url)


async def _end(
    tools: Collaborators,
    body: Mapping[str, Any],
    spec: authly_client.Spec,
    seen: ClientObserved,
    place: Place,
) -> float | None:
    """Delete or disable the row first, so that no client works without its resource."""
    url = await registration.url_to_delete(tools, place)
    if spec.deletion_policy is authly_client.DeletionPolicy.ORPHAN:
        await pod_secret.leave(tools, spec, seen.identity)
        if url is not None:
            await adoption.orphan(tools, spec, seen, url)
    elif url is not None:
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
            scope_counts.changed(tools, _server(spec, seen), {"scopes": spec.scopes}, None)
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
    has_secret = seen.secret is not None and seen.secret.belongs_to(seen.identity.uid)
    name = {"name": client_secret.name(spec, seen.identity)}
    before = body.get("status") or {}
    wrote = seen.written is not None and seen.written.outcome in {"Created", "Updated"}
    now = tools.clock.now().strftime("%Y-%m-%dT%H:%M:%SZ")
    return {
        "clientId": client_row.client_id(spec, seen.identity) if registered else None,
        "secretRef": name if registered and has_secret else before.get("secretRef"),
        "lastSyncTime": now if wrote else before.get("lastSyncTime"),
        "lastTokenIssuedTime": issuance.last(seen, before, tools.clock.now()),
        **rotating.facts(spec, seen, before),
        "verified": seen.verified.mark if seen.verified else before.get("verified"),
    }
