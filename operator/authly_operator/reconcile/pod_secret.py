"""The Secret for a client's pods: found, written, moved to another name, or left behind."""

import dataclasses
from collections.abc import Collection, Mapping
from http import HTTPStatus
from typing import Any, Final

from authly_operator.api import authly_client
from authly_operator.cluster import errors, gather, ownership
from authly_operator.desired import client_row, client_secret, secret_keys
from authly_operator.material import client_key, secret_rotation
from authly_operator.observed import Identity, Manifest
from authly_operator.observed_clients import ClientObserved, SecretSeen
from authly_operator.reconcile import custom_resource, measures
from authly_operator.reconcile.collaborators import Collaborators
from authly_operator.workqueue import Key


_CREDENTIALS: Final[Mapping[str | None, tuple[str, ...]]] = {
    "client_secret_basic": ("client_secret",),
    "client_secret_post": ("client_secret",),
    secret_rotation.KEYED: (client_key.KEY, client_key.JWK),
}
"""What the Secret holds for each method, as rows name it."""


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
    if found is not None and (left := _left(spec, seen, found) - set(manifest["data"])):
        await _take_out(tools, found, left)
        found = await find(tools, seen.identity, place[1])
    if found is not None:
        tools.memory.keep(seen.identity.uid, place[1], _ours(found, built))
    return dataclasses.replace(seen, secret=found, lost=_is_lost(spec, seen, kept))


def _is_lost(
    spec: authly_client.Spec, seen: ClientObserved, kept: Collection[tuple[str | None, str | None]]
) -> bool:
    """Whether a registered client's own secret, or key, was nowhere to be found."""
    is_own = spec.has_generated_key() or (spec.has_secret() and seen.source is None)
    method = seen.row["auth_method"] if seen.row else None
    return is_own and method == client_row.auth_method(spec) and not any(map(any, kept))


def _left(spec: authly_client.Spec, seen: ClientObserved, found: SecretSeen) -> frozenset[str]:
    """Where it has credentials of the method that the client leaves now.

    An apply takes away what the operator wrote, and leaves what somebody has edited since.
    """
    method = seen.row["auth_method"] if seen.row else None
    if seen.secret is None or found.stored is None or method == client_row.auth_method(spec):
        return frozenset()
    names = secret_keys.by_name(seen.secret, _CREDENTIALS.get(method, ()))
    return names & set(found.stored.get("data") or {})


async def _take_out(tools: Collaborators, found: SecretSeen, keys: Collection[str]) -> None:
    assert found.stored is not None  # noqa: S101  # it has those keys
    metadata = found.stored["metadata"]
    patch = {"metadata": {"uid": metadata["uid"]}, "data": dict.fromkeys(keys)}
    await tools.api.merge("Secret", metadata["namespace"], metadata["name"], patch)


def _ours(found: SecretSeen, built: Manifest) -> Mapping[str, str]:
    """What it should hold from now on: no client secret of a method that the client has left."""
    return {key: text for key, text in found.data.data.items() if key in built["data"]}


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
