"""BackupThenDelete: a server's data goes when its last backup was made, and seen to be good.

A finalizer only for that policy. Until the backup is there the data is held as with Retain, and so
it stays where none can be made in time. A namespace that is deleted waits for nothing: no backup
can be made there.
"""

import dataclasses
from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from authly_operator import naming
from authly_operator.api import authly_server, deletion
from authly_operator.api.authly_backup import Phase
from authly_operator.cluster import errors, events
from authly_operator.condition_names import Reason
from authly_operator.desired import credentials_secret
from authly_operator.desired.plan import Plan
from authly_operator.observed import Identity
from authly_operator.reconcile import custom_resource, registration, status
from authly_operator.reconcile.collaborators import Collaborators


class Ending(StrEnum):
    """What becomes of a server."""

    NONE = "None"
    """It is not being deleted, or goes on until its last backup is made."""
    WITH_DATA = "WithData"
    """It goes, and its data too, which has to be said to the garbage collector first."""
    WITHOUT_DATA = "WithoutData"
    """It goes, and its data stays."""
    LEFT = "Left"
    """There is nothing more to do."""

    @property
    def is_final(self) -> bool:
        """Whether the story is told once more, and then the server let go."""
        return self in (Ending.WITH_DATA, Ending.WITHOUT_DATA)


async def guard(tools: Collaborators, body: Mapping[str, Any], spec: authly_server.Spec) -> None:
    """Hold the server by a finalizer where its policy says so, and by none otherwise.

    Raises:
        cluster.errors.ClusterError: the API server refused or did not answer.
    """
    if _is_wanted(spec):
        await registration.hold(tools, body)
    else:
        await registration.release(tools, body)


async def ending(tools: Collaborators, body: Mapping[str, Any], identity: Identity) -> Ending:
    """What becomes of the server now; its last backup is asked for.

    Raises:
        cluster.errors.ClusterError: the API server refused or did not answer.
    """
    if not identity.deleting:
        return Ending.NONE
    if naming.FINALIZER not in body["metadata"].get("finalizers", ()):
        return Ending.LEFT  # what goes with it is the garbage collector's, by owner reference
    try:
        spec = custom_resource.parse(authly_server.Spec, body)
    except custom_resource.InvalidSpec as error:
        return await _leave(tools, body, str(error))
    if (why := await _why_not(tools, identity)) is not None:
        return await _leave(tools, body, why)
    if _is_wanted(spec):
        return await _wait(tools, body, identity)
    await _tell(tools, body, _without(f"spec.deletionPolicy is {spec.deletion_policy.value}"))
    return Ending.WITH_DATA if spec.deletion_policy.deletes_data else Ending.WITHOUT_DATA


def final(spec: authly_server.Spec, end: Ending) -> authly_server.Spec:
    """What the last pass brings about: the data belongs to the server where it goes with it."""
    if end is not Ending.WITH_DATA:
        return spec
    return spec.model_copy(update={"deletion_policy": deletion.DeletionPolicy.DELETE})


def owned(plan: Plan) -> Plan:
    """The same, with everything belonging to the server, for the garbage collector to take."""
    identity = dataclasses.replace(plan.seen.identity, foreground=False)
    return dataclasses.replace(plan, seen=dataclasses.replace(plan.seen, identity=identity))


async def is_settled(tools: Collaborators, plan: Plan) -> bool:
    """Whether nothing was refused, and the data's claims are bound to go, if they are to.

    The controller of StatefulSets does that some time after it was told.

    Raises:
        cluster.errors.ClusterError: the API server did not answer.
    """
    if plan.seen.failures:
        return False
    if not credentials_secret.is_owned(plan):
        return True
    if plan.spec.database.managed is None:
        return True
    name = naming.database_claim(plan.name)
    claim = await tools.api.get("PersistentVolumeClaim", plan.namespace, name)
    return claim is None or bool(claim["metadata"].get("ownerReferences"))


async def _why_not(tools: Collaborators, identity: Identity) -> str | None:
    """Why the operator can do nothing for it any more."""
    if await registration.is_namespace_going(tools, identity):
        return f"namespace {identity.namespace} is being deleted"
    if custom_resource.is_disabled(identity):
        return f"annotation {naming.RECONCILE_ANNOTATION} forbids it"
    return None


async def _wait(tools: Collaborators, body: Mapping[str, Any], identity: Identity) -> Ending:
    made = await _find_or_create(tools, body, identity)
    name, phase = made["metadata"]["name"], (made.get("status") or {}).get("phase")
    if phase == Phase.SUCCEEDED:
        return Ending.WITH_DATA
    if tools.clock.now() >= _deadline(tools, body):
        late = f"AuthlyBackup {name} was not made in time: {_told(made)}; the data stays"
        await _tell(tools, body, _without(late))
        return Ending.WITHOUT_DATA
    if phase == Phase.FAILED:
        await _try_again(tools, body, made)
    return Ending.NONE


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


async def _try_again(
    tools: Collaborators, body: Mapping[str, Any], failed: Mapping[str, Any]
) -> None:
    """Make room for another one: an AuthlyBackup is one backup, and this one failed for good."""
    metadata = failed["metadata"]
    until = f"{_deadline(tools, body):%Y-%m-%dT%H:%M:%SZ}"
    note = f"AuthlyBackup {metadata['name']} failed, and is made again until {until}"
    await _tell(tools, body, f"{note}: {_told(failed)}")
    place = metadata["namespace"], metadata["name"], metadata["uid"]
    await tools.api.delete("AuthlyBackup", *place)


async def _leave(tools: Collaborators, body: Mapping[str, Any], why: str) -> Ending:
    """Let the server go as it is."""
    await _tell(tools, body, _without(why))
    await registration.release(tools, body)
    return Ending.LEFT


def _is_wanted(spec: authly_server.Spec) -> bool:
    return spec.deletion_policy is deletion.DeletionPolicy.BACKUP_THEN_DELETE


def _deadline(tools: Collaborators, body: Mapping[str, Any]) -> datetime:
    since = datetime.fromisoformat(body["metadata"]["deletionTimestamp"])
    return since + timedelta(seconds=tools.settings.last_backup_seconds)


def _told(backup: Mapping[str, Any]) -> str:
    """What an AuthlyBackup says of itself."""
    return status.message(backup) or "nothing was heard of it"


def _without(why: str) -> str:
    return f"deleted without a last backup: {why}"


async def _tell(
    tools: Collaborators, body: Mapping[str, Any], note: str, *, warning: bool = True
) -> None:
    await events.post(
        tools.api,
        regarding=body,
        warning=warning,
        reason=Reason.DELETING,
        note=note,
        now=tools.clock.now(),
    )
