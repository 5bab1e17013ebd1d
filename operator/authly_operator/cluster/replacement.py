"""An object that cannot become what is desired: made anew where nothing is lost with it.

The API server never lets some fields be changed. Which ones, it is asked: what it takes as a new
object (a dry run) and refuses as a change differs in such a field.
"""

from collections.abc import Mapping
from typing import Any, Final

import structlog

from authly_operator.cluster import client, errors


REPLACED: Final = frozenset({"ConfigMap", "Deployment", "Job", "Service"})
"""Kinds that hold nothing that the operator could not write again."""
ADVICE: Final = {
    "StatefulSet": (
        "delete it with --cascade=orphan, and then its pod: it is made again around the same volume"
    ),
}
_DELETE: Final = "delete it: it is made again"

Manifest = Mapping[str, Any]
log = structlog.get_logger(__name__)


async def replace(
    api: client.Client, manifest: Manifest, seen: Manifest, refused: errors.Refused
) -> Manifest:
    """Delete what was seen and create what is desired; the object as it is then.

    Raises:
        errors.Refused: what was said of the change, with advice where a field is immutable and the
            kind is none of REPLACED; or what is said now.
    """
    if not await _is_fine_as_new(api, manifest):
        raise refused
    kind, metadata = manifest["kind"], manifest["metadata"]
    if kind not in REPLACED:
        advice = ADVICE.get(kind, _DELETE)
        message = f"{refused}; a field that is there for good was changed: {advice}"
        raise errors.Refused(refused.status, refused.reason, message)
    log.warning("made_anew", kind=kind, name=metadata["name"], reason=str(refused))
    await api.delete(kind, metadata["namespace"], metadata["name"], seen["metadata"]["uid"])
    return await api.create(manifest)


async def _is_fine_as_new(api: client.Client, manifest: Manifest) -> bool:
    metadata = {key: part for key, part in manifest["metadata"].items() if key != "name"}
    metadata["generateName"] = f"{manifest['metadata']['name'][:50]}-"
    try:
        await api.create({**manifest, "metadata": metadata}, dry_run=True)
    except errors.Refused:
        return False
    return True
