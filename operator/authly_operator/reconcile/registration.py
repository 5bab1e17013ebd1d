"""Where a scope or a client is registered: the AuthlyServer, whether it admits it, its database."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Final

from authly_operator import naming
from authly_operator.api import (
    allowed_clients,
    authly_client,
    authly_scope,
    authly_server,
    reference,
)
from authly_operator.cluster import errors, finalizers, gather
from authly_operator.condition_names import Condition
from authly_operator.conditions import acceptance, applicant
from authly_operator.conditions.applicant import Refusal
from authly_operator.instance import trust
from authly_operator.material.database_url import AUTHORITY
from authly_operator.observed import Identity, SecretData, ServerView
from authly_operator.reconcile import custom_resource, database_facts, status
from authly_operator.reconcile.collaborators import Collaborators
from authly_operator.workqueue import Key


READY_SECONDS: Final = 300.0
WAITING_SECONDS: Final = 15.0
OPERATOR_URL: Final = "OPERATOR_DATABASE_URL"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """What is known of the server that a resource refers to.

    `url` is that of the operator's role, None where the resource may not be written now: no such
    server, not admitted, no database yet.
    """

    server: ServerView | None = None
    namespace_labels: Mapping[str, str] = field(default_factory=dict)
    refusal: Refusal | None = None
    """Which rule of the server does not admit it."""
    url: str | None = field(default=None, repr=False)
    error: str | None = None
    """Why nobody can tell the URL."""


def server_key(identity: Identity, server_ref: reference.ServerReference) -> Key:
    """Which AuthlyServer is meant."""
    return Key("AuthlyServer", server_ref.namespace or identity.namespace, server_ref.name)


async def find(
    tools: Collaborators, identity: Identity, spec: authly_client.Spec | authly_scope.Spec
) -> Place:
    """Look the server of the resource up, and whether it admits the resource.

    Raises:
        cluster.errors.ClusterError: the API server did not answer.
    """
    body = await tools.recent.get(*server_key(identity, spec.server_ref))
    if body is None:
        return Place()
    try:
        server = view(body)
    except custom_resource.InvalidSpec:
        return Place()
    labels = await _labels(tools, identity, server)
    refusal = acceptance.refusal(server, applicant.of(spec, identity, labels))
    place = Place(server=server, namespace_labels=labels, refusal=refusal)
    if refusal is not None or not server.database_ready:
        return place
    try:
        return dataclasses.replace(place, url=await database_url(tools, server.identity))
    except errors.Refused as refused:
        return dataclasses.replace(place, error=_unwatched(server.identity, refused))


def _unwatched(server: Identity, refused: errors.Refused) -> str:
    """Why the server's Secret was refused; 403 (Forbidden) where the operator may not look.

    Raises:
        cluster.errors.Refused: for another reason.
    """
    if refused.status != HTTPStatus.FORBIDDEN:
        raise refused
    return (
        f"this operator may not read Secrets in namespace {server.namespace}: add the namespace"
        " to watch.namespaces of its Helm release"
    )


async def database_url(tools: Collaborators, server: Identity) -> str | None:
    """The URL of the operator's role in the server's database, while there is one."""
    name = naming.credentials(server.name)
    found = await tools.recent.get("Secret", server.namespace, name)
    data = gather.decoded(found) if found else SecretData({})
    url = data.get(OPERATOR_URL)
    return None if url is None else trust.rooted(url, data.get(AUTHORITY))


async def hold(tools: Collaborators, body: Mapping[str, Any]) -> None:
    """Set the finalizer before the first row is written, so that no row outlives its resource."""
    if naming.FINALIZER not in body["metadata"].get("finalizers", ()):
        await finalizers.add(tools.api, body)


async def release(tools: Collaborators, body: Mapping[str, Any]) -> None:
    """Let the API server delete the resource."""
    if naming.FINALIZER in body["metadata"].get("finalizers", ()):
        await finalizers.remove(tools.api, body)


async def let_go(
    tools: Collaborators, body: Mapping[str, Any], identity: Identity, *, waits: bool
) -> bool:
    """Release the resource unless its row has to be waited for; a namespace waits for nobody."""
    if waits and not await is_namespace_going(tools, identity):
        return False
    await release(tools, body)
    return True


async def url_to_delete(tools: Collaborators, place: Place) -> str | None:
    """The database, also of a server that admits the resource no more; None if it is going too."""
    if place.server is None or place.server.identity.deleting or place.error is not None:
        return None
    return place.url or await database_url(tools, place.server.identity)


async def url_of_refused(tools: Collaborators, place: Place) -> str | None:
    """The database of a server that does not admit the resource; None where something else lacks.

    Raises:
        cluster.errors.ClusterError: the API server did not answer.
    """
    server = place.server
    if server is None or place.refusal is None or not server.database_ready:
        return None
    return await database_url(tools, server.identity)


async def is_namespace_going(tools: Collaborators, identity: Identity) -> bool:
    """Whether the resource's namespace is being deleted, which nothing may hold up."""
    try:
        found = await tools.api.get("Namespace", None, identity.namespace)
    except errors.Refused:
        return False
    return found is None or "deletionTimestamp" in found["metadata"]


def offer(body: Mapping[str, Any]) -> tuple[bool, bool]:
    """Whether a server answers requests, and whether its database has a schema and answers.

    Neither is lost to an edit that is not judged yet, nor to a roll-out or a migration that goes
    on or is stuck: what was there before goes on serving.
    """
    has_schema = (body.get("status") or {}).get("schemaRevision") is not None
    return (
        status.is_true(body, Condition.ENDPOINT_READY),
        status.is_true(body, Condition.DATABASE_READY) and has_schema,
    )


def view(body: Mapping[str, Any]) -> ServerView:
    """An AuthlyServer as those see it who refer to it.

    Raises:
        custom_resource.InvalidSpec: its spec cannot be read.
    """
    answers, has_database = offer(body)
    return ServerView(
        identity=custom_resource.identify(body),
        spec=custom_resource.parse(authly_server.Spec, body),
        ready=answers,
        database_ready=has_database,
        schema_revision=(body.get("status") or {}).get("schemaRevision"),
        postgres_version=database_facts.version(body),
    )


async def _labels(
    tools: Collaborators, identity: Identity, server: ServerView
) -> Mapping[str, str]:
    """The labels of the resource's namespace, only where the server chooses by them."""
    chosen = server.spec.allowed_clients.namespaces.from_ is allowed_clients.NamespacesFrom.SELECTOR
    if not chosen or identity.namespace == server.identity.namespace:
        return {}
    try:
        found = await tools.api.get("Namespace", None, identity.namespace)
    except errors.Refused:
        return {}  # an operator of some namespaces may not look at them
    labels: Mapping[str, str] = (found or {}).get("metadata", {}).get("labels", {})
    return labels
