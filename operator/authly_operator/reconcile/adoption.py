"""Registrations that belong to nobody: taken over where that is asked for, and left that way."""

from collections.abc import Mapping
from typing import Any, Final

from authly_operator.api import authly_client
from authly_operator.desired import client_row
from authly_operator.instance import errors, registry
from authly_operator.observed import Identity, Owned
from authly_operator.observed_clients import ClientObserved
from authly_operator.reconcile.collaborators import Collaborators


ORPHAN: Final = authly_client.DeletionPolicy.ORPHAN.lower()


async def is_ours(
    spec: authly_client.Spec, identity: Identity, url: str, row: Mapping[str, Any]
) -> bool:
    """Whether a registration is the client's own, or may be taken over.

    Raises:
        instance.errors.Unreachable: nobody can tell.
    """
    if row["owner"] == identity.owner:
        return True
    return is_asked_for(spec) and await registry.is_unowned(url, row["client_id"])


def is_asked_for(spec: authly_client.Spec) -> bool:
    """Whether the client takes over what nobody owns."""
    return spec.adoption_policy is authly_client.AdoptionPolicy.IF_UNOWNED


async def orphan(
    tools: Collaborators, spec: authly_client.Spec, seen: ClientObserved, url: str
) -> None:
    """Leave the client's row to whoever wants it; where the database is away, it finds out later.

    The row says first that it is to go on: an edit of the policy may not have come that far.

    Raises:
        instance.errors.StaleEpoch: another operator leads.
    """
    name, owner = client_row.client_id(spec, seen.identity), seen.identity.owner
    try:
        row = await registry.observe_client(url, name)
        if row is None or row["owner"] != owner:
            return
        if row["deletion_policy"] != ORPHAN:
            await registry.apply_client(url, {**row, "deletion_policy": ORPHAN}, tools.epoch())
        await registry.sweep(url, Owned(kind="client", name=name, owner=owner), tools.epoch())
    except errors.Unreachable:
        return
