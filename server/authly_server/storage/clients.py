"""Clients, read-only: the operator writes them through authly_api."""

from authly_server.model.client import Client
from authly_server.storage import rows
from authly_server.storage.pool import Database


_FIND = """
SELECT client.id, client.client_id, client.display_name, client.type, client.auth_method,
    client.grant_types, client.redirect_uris, client.audiences, client.require_pkce,
    client.access_token_ttl, client.refresh_token_ttl, client.enabled, client.client_uri,
    client.logo_uri,
    client.tos_uri, client.policy_uri, client.contacts, client.jwks, client.jwks_uri,
    client.service_account, client.service_account_audience,
    client.require_pushed_authorization, client.dpop_bound, client.post_logout_redirect_uris,
    client.backchannel_logout_uri, client.id_token_signed_response_alg,
    client.userinfo_signed_response_alg, client.default_max_age, client.allowed_cors_origins,
    client.origin, client.registration_token_digest, client.last_used_on,
    ARRAY(SELECT digest FROM authly.client_secrets AS secret
        WHERE secret.client_id = client.id ORDER BY secret.position) AS secret_digests,
    ARRAY(SELECT scope.name FROM authly.client_scopes AS held
        JOIN authly.scopes AS scope ON scope.id = held.scope_id
        WHERE held.client_id = client.id) AS scopes
FROM authly.clients AS client
WHERE client.client_id = %(client_id)s
"""
_FIND_ORIGINS = """
SELECT DISTINCT unnest(allowed_cors_origins) AS origin FROM authly.clients
WHERE enabled AND allowed_cors_origins <> '{}'
"""


async def find(database: Database, client_id: str) -> Client | None:
    """The client of that protocol identifier, enabled or not."""
    row = await database.fetch_one(_FIND, {"client_id": client_id})
    return None if row is None else rows.client(row)


async def find_origins(database: Database) -> frozenset[str]:
    """Every origin from which scripts of an enabled client call."""
    return frozenset(row["origin"] for row in await database.fetch_all(_FIND_ORIGINS, {}))
