"""The story of an AuthlyScope: one row of the server's database."""

import dataclasses
from collections.abc import Mapping
from typing import Any, Final

from authly_operator.api import authly_scope
from authly_operator.conditions import judgement, scope as conditions
from authly_operator.desired import scope_row
from authly_operator.instance import errors, registry
from authly_operator.observed_clients import ScopeObserved
from authly_operator.reconcile import custom_resource, registration, status
from authly_operator.reconcile.collaborators import Collaborators
from authly_operator.reconcile.registration import Place
from authly_operator.workqueue import Key


IN_USE: Final = "InUse"
"""What delete_scope answers while clients may ask for the scope."""


async def reconcile(tools: Collaborators, key: Key) -> float | None:
    """Bring the row of the scope that is named to what its spec says.

    Raises:
        cluster.errors.ClusterError: the API server did not answer.
        cluster.lease.Lost, instance.errors.StaleEpoch: another operator leads.
    """
    body = await custom_resource.find(tools, key)
    if body is None:
        return None
    identity = custom_resource.identify(body)
    if custom_resource.is_disabled(identity) and not identity.deleting:
        await status.tell_disabled(tools, body, identity)
        return None
    try:
        spec = custom_resource.parse(authly_scope.Spec, body)
    except custom_resource.InvalidSpec as error:
        await status.write(tools, body, identity, judgement.invalid(str(error)))
        return None
    place = await registration.find(tools, identity, spec)
    seen = ScopeObserved(
        identity=identity,
        server=place.server,
        namespace_labels=place.namespace_labels,
        error=None if identity.deleting else place.error,
    )
    if identity.deleting:
        return await _end(tools, body, spec, seen, place)
    seen = await _bring_about(tools, body, spec, seen, place)
    if seen.written is not None and seen.written.outcome == "Created":
        _wake_clients(tools, registration.server_key(identity, spec.server_ref))
    ready = await status.write(tools, body, identity, conditions.judge(spec, seen), _facts(seen))
    return registration.READY_SECONDS if ready else registration.WAITING_SECONDS


def _facts(seen: ScopeObserved) -> dict[str, Any]:
    return {"inUseBy": (seen.row or {}).get("in_use_by")}


def _wake_clients(tools: Collaborators, server: Key) -> None:
    """Clients that were applied together with the scope may wait for it."""
    for dependant in tools.dependants.of(server):
        if dependant.kind == "AuthlyClient":
            tools.wake(dependant)


async def _bring_about(
    tools: Collaborators,
    body: Mapping[str, Any],
    spec: authly_scope.Spec,
    seen: ScopeObserved,
    place: Place,
) -> ScopeObserved:
    if place.url is None:
        return seen
    await registration.hold(tools, body)
    try:
        row = scope_row.build(spec, seen.identity)
        written = await registry.apply_scope(place.url, row, tools.epoch())
        found = await registry.observe_scope(place.url, spec.name)
    except errors.Unreachable as error:
        return dataclasses.replace(seen, error=str(error))
    return dataclasses.replace(seen, written=written, row=found)


async def _end(
    tools: Collaborators,
    body: Mapping[str, Any],
    spec: authly_scope.Spec,
    seen: ScopeObserved,
    place: Place,
) -> float | None:
    """Delete the row first; the resource waits while clients use it."""
    url = await registration.url_to_delete(tools, place)
    if url is not None and spec.deletion_policy is authly_scope.DeletionPolicy.DELETE:
        seen = await _delete(tools, spec, seen, url)
    in_use = seen.written is not None and seen.written.outcome == IN_USE
    waits = seen.error is not None or in_use
    if await registration.let_go(tools, body, seen.identity, waits=waits):
        return None
    await status.write(tools, body, seen.identity, conditions.judge(spec, seen), _facts(seen))
    return registration.WAITING_SECONDS


async def _delete(
    tools: Collaborators, spec: authly_scope.Spec, seen: ScopeObserved, url: str
) -> ScopeObserved:
    try:
        written = await registry.delete_scope(url, spec.name, seen.identity.owner, tools.epoch())
        row = await registry.observe_scope(url, spec.name) if written.outcome == IN_USE else None
    except errors.Unreachable as error:
        return dataclasses.replace(seen, error=str(error))
    return dataclasses.replace(seen, written=written, row=row)
