"""Which backup an AuthlyRestore means, and whether the server's Jobs can reach it."""

from authly_operator.api import authly_backup, authly_restore
from authly_operator.api.authly_backup import Phase
from authly_operator.api.backup import Destination
from authly_operator.desired import backup_pod
from authly_operator.observed import Identity, ServerView
from authly_operator.observed_backups import Source
from authly_operator.reconcile import custom_resource
from authly_operator.reconcile.collaborators import Collaborators


async def find(
    tools: Collaborators, identity: Identity, spec: authly_restore.Spec, server: ServerView | None
) -> tuple[Source, Destination | None]:
    """The backup, and where it is.

    Raises:
        cluster.errors.ClusterError: the API server did not answer.
    """
    wanted = server.spec.backup if server else None
    ours = wanted.destination if wanted else None
    if spec.source.backup_ref is None:
        return _at(ours, spec.source.location or "", None)
    name = spec.source.backup_ref.name
    body = await tools.api.get("AuthlyBackup", identity.namespace, name)
    if body is None:
        return Source(missing=f"AuthlyBackup {name} does not exist"), None
    status = body.get("status") or {}
    if status.get("phase") == Phase.FAILED:
        return Source(unusable=f"AuthlyBackup {name} failed: name another one"), None
    if not status.get("location"):
        return Source(missing=f"AuthlyBackup {name} has no location yet"), None
    backup = custom_resource.parse(authly_backup.Spec, body)
    return _at(backup.destination or ours, status["location"], status.get("schemaRevision"))


def _at(
    destination: Destination | None, location: str, schema_revision: int | None
) -> tuple[Source, Destination | None]:
    file_name = backup_pod.file_at(destination, location) if destination else None
    if file_name is None:
        why = (
            f"{location} is not at the destination of the server's spec.backup, through which it"
            " is read: set that to where it is"
        )
        return Source(location=location, missing=why), None
    found = Source(location=location, file_name=file_name, schema_revision=schema_revision)
    return found, destination
