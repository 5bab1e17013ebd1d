"""Rows whose resource went while nobody could be told: the server was away, or its database.

An AuthlyServer that comes back to a database it had before finds there whoever was registered then.
"""

from collections.abc import Mapping
from typing import Any, Final

from authly_operator import telemetry
from authly_operator.api import authly_client, authly_scope
from authly_operator.api.reference import ServerReference
from authly_operator.cluster import errors as cluster_errors
from authly_operator.desired import client_row
from authly_operator.instance import errors, registry
from authly_operator.observed import Owned
from authly_operator.reconcile import custom_resource, registration
from authly_operator.reconcile.collaborators import Collaborators
from authly_operator.workqueue import Key


MOST_A_PASS: Final = 100
"""Resources that are looked up in one pass; the others in the passes after it."""
KINDS: Final = {"client": "AuthlyClient", "scope": "AuthlyScope"}

log = telemetry.logger(__name__)


async def sweep(tools: Collaborators, server: Key, url: str) -> None:
    """Refuse clients without an AuthlyClient, and delete them as their deletionPolicy said.

    `url` is that of the operator's role. Watch events tell who is there without a question;
    whoever they do not know is asked for.

    Raises:
        cluster.errors.ClusterError: the API server did not answer.
        instance.errors.StaleEpoch: another operator leads.
    """
    try:
        rows = await registry.list_owned(url)
        for row in _unknown(rows, tools.dependants.of(server))[:MOST_A_PASS]:
            if not await _is_there(tools, server, row):
                await _end(tools, url, row)
    except errors.Unreachable as error:
        log.info("not_swept", reason=str(error))


def _unknown(rows: tuple[Owned, ...], dependants: tuple[Key, ...]) -> list[Owned]:
    """Rows whose owner no event told of, and all rows of an owner that has several."""
    counts: dict[Key, int] = {}
    for row in rows:
        counts[_key(row)] = counts.get(_key(row), 0) + 1
    known = {*dependants}
    return [row for row in rows if _key(row) not in known or counts[_key(row)] > 1]


async def _is_there(tools: Collaborators, server: Key, row: Owned) -> bool:
    """Whether the resource exists and is about that row; also where nobody may look."""
    try:
        body = await tools.api.get(*_key(row))
    except cluster_errors.Refused:
        return True
    return body is not None and _is_about(body, server, row)


def _is_about(body: Mapping[str, Any], server: Key, row: Owned) -> bool:
    identity = custom_resource.identify(body)
    try:
        reference, name = _registered(body, row.kind)
    except custom_resource.InvalidSpec:
        return True
    return registration.server_key(identity, reference) == server and name == row.name


def _registered(body: Mapping[str, Any], kind: str) -> tuple[ServerReference, str]:
    """The server that a resource is about, and the name that it is registered by there."""
    if kind == "scope":
        scope = custom_resource.parse(authly_scope.Spec, body)
        return scope.server_ref, scope.name
    client = custom_resource.parse(authly_client.Spec, body)
    return client.server_ref, client_row.client_id(client, custom_resource.identify(body))


async def _end(tools: Collaborators, url: str, row: Owned) -> None:
    written = await registry.sweep(url, row, tools.epoch())
    if written.outcome in {"Disabled", "Deleted", "Released"}:
        log.warning("swept", row=row.kind, name=row.name, owner=row.owner, outcome=written.outcome)


def _key(row: Owned) -> Key:
    namespace, _, name = row.owner.partition("/")
    return Key(KINDS[row.kind], namespace, name)
