"""The Secret for a client's pods: found, written, moved to another name, or left behind."""

import dataclasses
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from authly_operator.api import authly_client
from authly_operator.cluster import errors, gather, ownership
from authly_operator.desired import client_secret, secret_keys
from authly_operator.material import client_key, secret_rotation
from authly_operator.observed import Identity
from authly_operator.observed_clients import ClientObserved, SecretSeen
from authly_operator.reconcile import custom_resource, measures
from authly_operator.reconcile.collaborators import Collaborators
from authly_operator.workqueue import Key


async def find(tools: Collaborators, identity: Identity, name: str) -> SecretSeen | None:
    """A Secret as it is; where one of ours lost values or itself, with what is remembered."""
    stored = await gather.secret(tools.api, identity.namespace, name)
    if stored is not None:
        reader = Key("AuthlyClient", identity.namespace, identity.name)
        tools.looked_at.note(reader, "Secret", stored["metadata"])
    found = secret_keys.canonical(gather.seen(stored))
    if found is not None and not found.belongs_to(identity.uid):
        return found
    recalled = tools.memory.recall(identity.uid, name, found.data if found else None)
    if recalled is None:
        return None
    known = found or SecretSeen(data=recalled, owner_uid=identity.uid, recalled=True)
    return dataclasses.replace(known, data=recalled)


def former_name(body: Mapping[str, Any], spec: authly_client.Spec) -> str | None:
    """The name of the Secret that was written last, where the spec names another one now."""
    before = ((body.get("status") or {}).get("secretRef") or {}).get("name")
    name = client_secret.name(spec, custom_resource.identify(body))
    return None if before == name else before


async def write(
    tools: Collaborators,
    spec: authly_client.Spec,
    seen: ClientObserved,
    text: str | None,
    key: str | None,
) -> ClientObserved:
    """Bring the Secret to what it should hold: client secret and private key, None without one."""
    assert seen.server is not None  # noqa: S101  # there is no URL without a server
    kept = [
        (one.data.get("client_secret"), one.data.get(client_key.KEY))
        for one in (seen.secret, seen.former)
        if one
    ]
    mark = secret_rotation.mark(seen, replaces=(text, key) not in kept)
    built = client_secret.build(spec, seen.identity, seen.server, text, rotated_for=mark, key=key)
    manifest = secret_keys.named(built, spec.secret_template)
    place = (manifest["kind"], manifest["metadata"]["name"])
    stored = seen.secret.stored if seen.secret else None
    applied = await tools.applier.apply([manifest], {place: stored} if stored else {})
    measures.count(tools.metrics, "AuthlyClient", applied)
    if applied.failures:
        return dataclasses.replace(seen, failures=applied.failures)
    found = await find(tools, seen.identity, place[1]) if applied.written else seen.secret
    if found is not None:
        tools.memory.keep(seen.identity.uid, place[1], found.data.data)
    return dataclasses.replace(seen, secret=found)


async def remove_former(
    tools: Collaborators, body: Mapping[str, Any], spec: authly_client.Spec
) -> None:
    """One client has one Secret: that of the name before goes once the new one is good."""
    name = former_name(body, spec)
    found = await _controlled(tools, custom_resource.identify(body), name) if name else None
    if found is not None:
        metadata = found["metadata"]
        await tools.api.delete("Secret", metadata["namespace"], metadata["name"], metadata["uid"])


async def leave(tools: Collaborators, spec: authly_client.Spec, identity: Identity) -> None:
    """Keep it from the garbage collector: it alone has the secret of a client that goes on."""
    try:
        found = await _controlled(tools, identity, client_secret.name(spec, identity))
    except errors.Refused as refused:
        if refused.status != HTTPStatus.FORBIDDEN:
            raise
        found = None  # all of the namespace goes, and the operator's Role there went first
    if found is None:
        return
    metadata = found["metadata"]
    patch = {"metadata": {"uid": metadata["uid"], "ownerReferences": None}}
    await tools.api.merge("Secret", identity.namespace, metadata["name"], patch)


async def _controlled(
    tools: Collaborators, identity: Identity, name: str
) -> Mapping[str, Any] | None:
    """The Secret of that name where the client controls it."""
    found = await gather.secret(tools.api, identity.namespace, name)
    owner = ownership.controller(found) if found is not None else None
    return found if owner is not None and owner["uid"] == identity.uid else None
