"""What the stories of AuthlyBackups and AuthlyRestores begin with: their server, as it is."""

from typing import Final

from authly_operator import naming
from authly_operator.api import reference
from authly_operator.cluster import gather
from authly_operator.desired.plan import Plan
from authly_operator.material import Material
from authly_operator.observed import Identity, ServerObserved, ServerView
from authly_operator.reconcile import custom_resource, registration
from authly_operator.reconcile.collaborators import Collaborators
from authly_operator.workqueue import Key


FIRST_LOOK: Final = "a first look at the database"
"""What tells which PostgreSQL it is, and so which image can dump it."""


async def find_server(
    tools: Collaborators, identity: Identity, server_ref: reference.LocalServerReference
) -> ServerView | None:
    """The AuthlyServer; None where there is none whose spec can be read.

    Raises:
        cluster.errors.ClusterError: the API server did not answer.
    """
    body = await tools.api.get("AuthlyServer", identity.namespace, server_ref.name)
    if body is None:
        return None
    try:
        return registration.view(body)
    except custom_resource.InvalidSpec:
        return None


def wake_server(
    tools: Collaborators, identity: Identity, server_ref: reference.LocalServerReference
) -> None:
    """Its server looks again, since what it tells of its backups may be another now."""
    key = Key("AuthlyServer", identity.namespace, server_ref.name)
    tools.calm.disturb(key)
    tools.wake(key)


async def plan(tools: Collaborators, server: ServerView) -> Plan | None:
    """What a Job of the server is made from; None while there are no database URLs.

    Nothing is drawn here: passwords are the server's own story.

    Raises:
        cluster.errors.ClusterError: the API server did not answer.
    """
    place = server.identity.namespace, naming.credentials(server.identity.name)
    found = await gather.secret(tools.api, *place)
    if found is None:
        return None
    seen = ServerObserved(
        identity=server.identity,
        settings=tools.settings,
        postgres_version=server.postgres_version,
    )
    material = Material(credentials=gather.decoded(found).data, keyring=None)
    return Plan(spec=server.spec, seen=seen, material=material, now=tools.clock.now())
