"""Clients, read-only: the operator writes them through authly_api."""

from authly_server.model.client import Client
from authly_server.storage import rows
from authly_server.storage.pool import Database


_FIND = """
SELECT client.id, client.client_id, client.display_name, client.type, client.auth_method,
    client.grant_types, client.redirect_uris, client.audiences, client.require_pkce,
    client.access_token_ttl, client.refresh_token_ttl, client.enabled, client.client_uri,
    client.logo_uri,
    ARRAY(SELECT digest FROM authly.client_secrets AS secret
        WHERE secret.client_id = client.id ORDER BY secret.position) AS secret_digests,
    ARRAY(SELECT scope.name FROM authly.client_scopes AS held
        JOIN authly.scopes AS scope ON scope.id = held.scope_id
        WHERE held.client_id = client.id) AS scopes
FROM authly.clients AS client
WHERE client.client_id = %(client_id)s
"""


async def find(database: Database, client_id: str) -> Client | None:
    """The client of that protocol identifier, enabled or not."""
    row = await database.fetch_one(_FIND, {"client_id": client_id})
    return None if row is None else rows.client(row)
