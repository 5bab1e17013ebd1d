"""Which AuthlyRestore an AuthlyServer makes room for: an annotation, written over what was seen.

Only one at a time can be there, and it outlives every operator.
"""

import dataclasses
from collections.abc import Mapping
from typing import Any, Final

from authly_operator import naming
from authly_operator.api.authly_backup import Phase
from authly_operator.cluster import errors
from authly_operator.observed import Identity
from authly_operator.reconcile.collaborators import Collaborators


FINAL: Final = frozenset({Phase.SUCCEEDED, Phase.FAILED})
SWAP: Final = "Swap"


async def take(tools: Collaborators, identity: Identity, server: str) -> bool:
    """Whether the server makes room for the AuthlyRestore of that identity now.

    Raises:
        cluster.errors.ClusterError: the API server refused or did not answer.
    """
    body = await tools.api.get("AuthlyServer", identity.namespace, server)
    if body is None or holder(body) not in (None, identity.name):
        return False
    if holder(body) == identity.name:
        return True
    return await _annotate(tools, body, {naming.RESTORING_ANNOTATION: identity.name})


async def release(
    tools: Collaborators, identity: Identity, server: str, annotations: Mapping[str, str]
) -> bool:
    """Whether the server serves again as far as this restore is concerned.

    `annotations` are set in the same write, once.

    Raises:
        cluster.errors.ClusterError: the API server refused or did not answer.
    """
    body = await tools.api.get("AuthlyServer", identity.namespace, server)
    if body is None or holder(body) != identity.name:
        return True
    return await _annotate(tools, body, {naming.RESTORING_ANNOTATION: None, **annotations})


async def checked(
    tools: Collaborators, body: Mapping[str, Any], identity: Identity
) -> tuple[Identity, bool]:
    """The server as it is, and whether its database is to be left alone for now.

    An AuthlyRestore that is over, or gone, is made no room for.

    Raises:
        cluster.errors.ClusterError: the API server refused or did not answer.
    """
    name = holder(body)
    if name is None:
        return identity, False
    restore = await tools.api.get("AuthlyRestore", identity.namespace, name)
    status = (restore or {}).get("status") or {}
    if restore is not None and status.get("phase") not in FINAL:
        return identity, not _is_swapped(status)
    await _annotate(tools, body, {naming.RESTORING_ANNOTATION: None})
    rest = {
        key: text
        for key, text in identity.annotations.items()
        if key != naming.RESTORING_ANNOTATION
    }
    return dataclasses.replace(identity, annotations=rest), False


def holder(body: Mapping[str, Any]) -> str | None:
    """The name of the AuthlyRestore that the server makes room for."""
    annotations: Mapping[str, str] = body["metadata"].get("annotations", {})
    return annotations.get(naming.RESTORING_ANNOTATION)


def _is_swapped(status: Mapping[str, Any]) -> bool:
    steps = status.get("steps") or ()
    return any(one["name"] == SWAP and one.get("completionTime") for one in steps)


async def _annotate(
    tools: Collaborators, body: Mapping[str, Any], annotations: Mapping[str, str | None]
) -> bool:
    """Whether the server was still as it was read."""
    metadata = body["metadata"]
    known = {key: metadata[key] for key in ("uid", "resourceVersion")}
    patch = {"metadata": {**known, "annotations": dict(annotations)}}
    try:
        await tools.api.merge("AuthlyServer", metadata["namespace"], metadata["name"], patch)
    except errors.Refused as refused:
        if refused.conflict or refused.absent:
            return False
        raise
    return True
