"""Clients as administrators list them, and disable those that no AuthlyClient speaks for."""

import json
from collections.abc import Sequence
from typing import LiteralString

from authly_server.model.actor import Actor
from authly_server.model.client import AuthMethod, ClientOrigin, ClientType
from authly_server.model.registered_client import (
    Changed,
    Managed,
    Outcome,
    RegisteredClient,
    Stale,
)
from authly_server.storage.connections import Row
from authly_server.storage.pool import Database


# Who left a row for good speaks for it no more (authly.is_unowned says the same to the operator).
_MANAGED_BY: LiteralString = """
CASE WHEN client.deletion_policy = 'orphan' AND client.owner_gone_at IS NOT NULL THEN NULL
    ELSE client.owner END
"""
# Another one after each change of the row, whoever has made it.
_VERSION: LiteralString = "client.xmin::text"
_COLUMNS: LiteralString = f"""
SELECT client.client_id, client.display_name, client.type, client.auth_method, client.grant_types,
    client.redirect_uris, client.audiences, client.enabled, client.origin, client.require_pkce,
    client.dpop_bound, client.access_token_ttl, client.refresh_token_ttl, client.client_uri,
    client.contacts, client.created_at, client.updated_at, client.last_used_on,
    {_MANAGED_BY} AS managed_by, {_VERSION} AS version,
    ARRAY(SELECT scope.name FROM authly.client_scopes AS held
        JOIN authly.scopes AS scope ON scope.id = held.scope_id
        WHERE held.client_id = client.id ORDER BY scope.name COLLATE "C") AS scopes
FROM authly.clients AS client
"""  # noqa: S608  # of constants
_FIND: LiteralString = f"{_COLUMNS} WHERE client.client_id = %(client_id)s"
_FIND_AFTER: LiteralString = f"""{_COLUMNS}
WHERE client.client_id > %(after)s ORDER BY client.client_id LIMIT %(limit)s
"""
# The row as it is once nobody else changes it, and the change where it may be made.
_SET_ENABLED: LiteralString = f"""
WITH seen AS (
    SELECT client.id, client.enabled, {_MANAGED_BY} AS managed_by,
        {_VERSION} = ANY (%(versions)s) AS is_current
    FROM authly.clients AS client WHERE client.client_id = %(client_id)s FOR NO KEY UPDATE
), changed AS (
    UPDATE authly.clients AS client SET enabled = %(enabled)s, updated_at = now()
    FROM seen WHERE client.id = seen.id AND seen.is_current AND seen.managed_by IS NULL
    AND seen.enabled <> %(enabled)s
    RETURNING client.client_id
), recorded AS (
    INSERT INTO authly.audit_log (event, client_id, detail)
    SELECT %(event)s, client_id, %(detail)s::jsonb FROM changed
), announced AS (
    SELECT pg_notify('authly_changed', 'client:' || client_id) FROM changed
)
SELECT seen.managed_by, seen.is_current, (SELECT count(*) FROM announced) AS announced FROM seen
"""  # noqa: S608  # of constants


async def find(database: Database, client_id: str) -> RegisteredClient | None:
    """The client of that protocol identifier, enabled or not."""
    row = await database.fetch_one(_FIND, {"client_id": client_id})
    return None if row is None else _read(row)


async def find_after(database: Database, after: str, limit: int) -> tuple[RegisteredClient, ...]:
    """Up to `limit` clients by their identifiers, from the one behind `after` on."""
    parameters = {"after": after, "limit": limit}
    return tuple(map(_read, await database.fetch_all(_FIND_AFTER, parameters)))


async def set_enabled(
    database: Database, client_id: str, enabled: bool, *, versions: Sequence[str], by: Actor
) -> Outcome | None:
    """Let a client in or keep it out, if it is one of those versions; None where there is none."""
    parameters: dict[str, object] = {
        "client_id": client_id,
        "enabled": enabled,
        "versions": list(versions),
        "event": "client_enabled" if enabled else "client_disabled",
        "detail": json.dumps(by.told()),
    }
    row = await database.fetch_one(_SET_ENABLED, parameters)
    if row is None:
        return None
    if row["managed_by"] is not None:
        return Managed(row["managed_by"])
    return Changed() if row["is_current"] else Stale()


def _read(row: Row) -> RegisteredClient:
    values = {name: row[name] for name in RegisteredClient.__slots__}
    lists = ("grant_types", "redirect_uris", "scopes", "audiences", "contacts")
    return RegisteredClient(
        **values
        | {name: tuple(row[name]) for name in lists}
        | {
            "type": ClientType(row["type"]),
            "auth_method": AuthMethod(row["auth_method"]),
            "origin": ClientOrigin(row["origin"]),
        }
    )
