"""Post an Event (events.k8s.io/v1) about a custom resource; what fails is only logged."""

import platform
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import structlog

from authly_operator import naming
from authly_operator.cluster import client, errors


MAXIMUM_NOTE: Final = 1024
"""Bytes (Kubernetes, validation of events.k8s.io/v1)."""
_MAXIMUM_INSTANCE: Final = 128
_TERMINATING: Final = "because it is being terminated"
"""What the API server says of a namespace that takes nothing new."""
_TIME: Final = "%Y-%m-%dT%H:%M:%S.%fZ"

log = structlog.get_logger(__name__)


async def post(
    api: client.Client,
    *,
    regarding: Mapping[str, Any],
    warning: bool,
    reason: str,
    note: str,
    now: datetime,
    action: str = "Reconcile",
) -> None:
    """Post one Event, Normal or Warning; nobody's work depends on it, so no failure is raised."""
    metadata = regarding["metadata"]
    try:
        await api.create(
            {
                "apiVersion": "events.k8s.io/v1",
                "kind": "Event",
                "metadata": {
                    "generateName": f"{metadata['name']}-",
                    "namespace": metadata["namespace"],
                },
                "eventTime": now.strftime(_TIME),
                "reportingController": naming.FIELD_MANAGER,
                "reportingInstance": (platform.node() or naming.FIELD_MANAGER)[:_MAXIMUM_INSTANCE],
                "type": "Warning" if warning else "Normal",
                "reason": reason,
                "action": action,
                "note": _cut(note),
                "regarding": _reference(regarding),
            }
        )
    except errors.ClusterError as failure:
        going = "deletionTimestamp" in metadata or _TERMINATING in str(failure)
        tell = log.debug if going else log.warning  # nobody reads events of what is going
        tell("event_not_posted", reason=reason, error=str(failure))


def _reference(resource: Mapping[str, Any]) -> dict[str, str]:
    metadata = resource["metadata"]
    return {
        "apiVersion": resource["apiVersion"],
        "kind": resource["kind"],
        **{key: metadata[key] for key in ("name", "namespace", "uid", "resourceVersion")},
    }


def _cut(note: str) -> str:
    """The note, at most MAXIMUM_NOTE bytes of it, no character cut in two."""
    encoded = note.encode("utf-8", "replace")
    if len(encoded) <= MAXIMUM_NOTE:
        return encoded.decode("utf-8")
    ellipsis = "…"
    return encoded[: MAXIMUM_NOTE - len(ellipsis.encode())].decode("utf-8", "ignore") + ellipsis
