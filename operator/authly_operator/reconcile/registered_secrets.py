"""The secrets, or keys, that the operator registered of a client, as the database knows them."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from authly_operator.api import authly_client
from authly_operator.desired import client_drift
from authly_operator.instance import registry
from authly_operator.material import own_secrets, secret_rotation
from authly_operator.observed_clients import ClientObserved


async def find(
    body: Mapping[str, Any], spec: authly_client.Spec, seen: ClientObserved, url: str
) -> ClientObserved:
    """Those of the client's present method; none of another one are kept beside them.

    Raises:
        instance.errors.Unreachable: the database did not answer.
    """
    row = seen.row
    if row is None or (row["auth_method"] == secret_rotation.KEYED) != spec.has_generated_key():
        return dataclasses.replace(seen, secrets=())
    known = await registry.observe_secrets(url, row["client_id"])
    if seen.wanted is not None:
        return dataclasses.replace(seen, secrets=own_secrets.wanted(known, seen.wanted))
    ours = row["owner"] == seen.identity.owner
    status = (body.get("status") or {}) if ours else {}
    before = own_secrets.told(status)
    current = secret_rotation.held(spec, seen)
    secrets = own_secrets.of_operator(known, before, current)
    taken = own_secrets.taken(secrets, before, secret_rotation.overlap(spec))
    is_judged = status.get("observedGeneration") == seen.identity.generation
    return dataclasses.replace(seen, secrets=secrets, taken=taken if is_judged else ())


def are_changed(
    body: Mapping[str, Any],
    seen: ClientObserved,
    digests: Sequence[str],
    before: client_drift.Before,
) -> bool:
    """Whether somebody changed the client's secrets; `digests` are those that should be there."""
    if seen.row is None or seen.row["owner"] != seen.identity.owner:
        return False
    path = client_drift.PATHS[client_drift.SECRET]
    return own_secrets.are_changed(
        seen.row.get("secret_sha256") or (),
        seen.secrets,
        own_secrets.told(body.get("status") or {}),
        digests[0] if digests else None,
        was_reported=any(one.path == path for one in before.drift),
    )
