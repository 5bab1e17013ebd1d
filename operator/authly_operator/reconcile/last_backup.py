"""BackupThenDelete: a server's data goes when its last backup was made, and seen to be good.

A finalizer only for that policy. Nothing is waited for longer than PATIENCE, and a namespace that
is deleted waits for nothing: no backup can be made there.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from authly_operator import naming
from authly_operator.api import authly_server, deletion
from authly_operator.api.authly_backup import Phase
from authly_operator.cluster import errors, events
from authly_operator.condition_names import Reason
from authly_operator.observed import Identity
from authly_operator.reconcile import custom_resource, registration
from authly_operator.reconcile.collaborators import Collaborators


PATIENCE: Final = timedelta(hours=1)
"""How long a server that is being deleted waits for its last backup."""


async def guard(tools: Collaborators, body: Mapping[str, Any], spec: authly_server.Spec) -> None:
    """Hold the server by a finalizer where its policy says so, and by none otherwise.

    Raises:
        cluster.errors.ClusterError: the API server refused or did not answer.
    """
    if _is_wanted(spec):
        await registration.hold(tools, body)
    else:
        await registration.release(tools, body)


async def is_awaited(tools: Collaborators, body: Mapping[str, Any], identity: Identity) -> bool:
    """Whether a server that is being deleted goes on for now; it is let go where it does not.

    Raises:
        cluster.errors.ClusterError: the API server refused or did not answer.
    """
    if naming.FINALIZER not in body["metadata"].get("finalizers", ()):
        return False
    why = await _why_not(tools, body, identity)
    if why is None:
        made = await _find_or_create(tools, body, identity)
        is_made = (made.get("status") or {}).get("phase") == Phase.SUCCEEDED
        if not is_made and not _is_late(tools, body):
            return True
        late = f"AuthlyBackup {made['metadata']['name']} was not made within {PATIENCE}"
        why = None if is_made else late
    if why is not None:
        await _tell(tools, body, f"deleted without a last backup: {why}", warning=True)
    await registration.release(tools, body)
    return False


async def _why_not(tools: Collaborators, body: Mapping[str, Any], identity: Identity) -> str | None:
    """Why no backup is to be made."""
    try:
        spec = custom_resource.parse(authly_server.Spec, body)
    except custom_resource.InvalidSpec as error:
        return str(error)
    if not _is_wanted(spec):
        return f"spec.deletionPolicy is {spec.deletion_policy.value}"
    if await registration.is_namespace_going(tools, identity):
        return f"namespace {identity.namespace} is being deleted"
    return None


async def _find_or_create(
    tools: Collaborators, body: Mapping[str, Any], identity: Identity
) -> Mapping[str, Any]:
    """The backup has no owner: it is to be there when the server is gone."""
    name = naming.last_backup(identity.name, identity.uid)
    found = await tools.api.get("AuthlyBackup", identity.namespace, name)
    if found is not None:
        return found
    wanted = {
        "apiVersion": naming.API_VERSION,
        "kind": "AuthlyBackup",
        "metadata": {"name": name, "namespace": identity.namespace},
        "spec": {"serverRef": {"name": identity.name}, "verify": True},
    }
    try:
        made = await tools.api.create(wanted)
    except errors.Refused as refused:
        if not refused.conflict:
            raise
        return wanted
    await _tell(tools, body, f"deleted when AuthlyBackup {name} is made", warning=False)
    return made


def _is_wanted(spec: authly_server.Spec) -> bool:
    return spec.deletion_policy is deletion.DeletionPolicy.BACKUP_THEN_DELETE


def _is_late(tools: Collaborators, body: Mapping[str, Any]) -> bool:
    since = datetime.fromisoformat(body["metadata"]["deletionTimestamp"])
    return tools.clock.now() - since > PATIENCE


async def _tell(tools: Collaborators, body: Mapping[str, Any], note: str, *, warning: bool) -> None:
    await events.post(
        tools.api,
        regarding=body,
        warning=warning,
        reason=Reason.DELETING,
        note=note,
        now=tools.clock.now(),
    )
