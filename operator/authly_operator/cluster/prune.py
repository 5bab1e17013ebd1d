"""Delete the children that are no longer desired, by uid, so that nothing newer is hit."""

from collections.abc import Collection, Mapping
from typing import Any, Final

from authly_operator.cluster import client, ownership


Key = tuple[str, str]
"""Kind and name."""
KEPT: Final = frozenset({"Secret", "Cluster"})
"""Kinds that hold what cannot be made again: the garbage collector may take them, prune never."""


def surplus(
    desired: Collection[Key], observed: Mapping[Key, Mapping[str, Any]], held: Collection[Key] = ()
) -> list[Key]:
    """What is there and neither desired nor held.

    Left out are objects that are going already, and those that only bear our labels: a copy that
    people made of a child is theirs.
    """
    return [
        key
        for key, child in observed.items()
        if key not in desired
        and key not in held
        and key[0] not in KEPT
        and "deletionTimestamp" not in child["metadata"]
        and ownership.applied_by_us(child)
    ]


async def prune(
    api: client.Client,
    namespace: str,
    observed: Mapping[Key, Mapping[str, Any]],
    keys: Collection[Key],
) -> None:
    """Delete each of `keys`; what is already gone is fine.

    Raises:
        errors.ClusterError: the API server refused or did not answer.
    """
    for kind, name in keys:
        uid = observed[(kind, name)]["metadata"]["uid"]
        await api.delete(kind, namespace, name, uid)
