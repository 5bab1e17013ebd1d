"""Set and remove the operator's finalizer, and never another's.

The list is written whole, with the resourceVersion that it was read at: where somebody else wrote
meanwhile, it is read and written again.
"""

from collections.abc import Mapping
from typing import Any

from authly_operator import naming
from authly_operator.cluster import client, errors


Manifest = Mapping[str, Any]


async def add(api: client.Client, resource: Manifest) -> None:
    """Set the finalizer, so that the resource is not gone before its row is.

    Raises:
        errors.Refused: the resource is going or gone (409), or the API server said no.
        errors.Unavailable: the API server cannot be reached.
    """
    current: Manifest | None = resource
    while current is not None and "deletionTimestamp" not in current["metadata"]:
        listed = _listed(current)
        if naming.FINALIZER in listed or await _write(api, current, [*listed, naming.FINALIZER]):
            return
        current = await _read_again(api, current)
    metadata = resource["metadata"]
    message = f"{resource['kind']} {metadata['namespace']}/{metadata['name']} is being deleted"
    raise errors.Refused(409, "Conflict", message)


async def remove(api: client.Client, resource: Manifest) -> None:
    """Remove the finalizer; a resource that is gone already is fine.

    Raises:
        errors.ClusterError: the API server refused or did not answer.
    """
    current: Manifest | None = resource
    while current is not None and naming.FINALIZER in _listed(current):
        rest = [one for one in _listed(current) if one != naming.FINALIZER]
        if await _write(api, current, rest):
            return
        current = await _read_again(api, current)


async def _write(api: client.Client, resource: Manifest, listed: list[str]) -> bool:
    """Whether the resource was still as it was read."""
    metadata = resource["metadata"]
    known = {key: metadata[key] for key in ("uid", "resourceVersion")}
    patch = {"metadata": {**known, "finalizers": listed or None}}
    try:
        await api.merge(resource["kind"], metadata["namespace"], metadata["name"], patch)
    except errors.Refused as refused:
        if refused.conflict or refused.absent:
            return False
        raise
    return True


async def _read_again(api: client.Client, resource: Manifest) -> Manifest | None:
    """The resource as it is now; None where it is gone, or another has its name."""
    metadata = resource["metadata"]
    found = await api.get(resource["kind"], metadata["namespace"], metadata["name"])
    return found if found and found["metadata"]["uid"] == metadata["uid"] else None


def _listed(resource: Manifest) -> list[str]:
    return list(resource["metadata"].get("finalizers", ()))
