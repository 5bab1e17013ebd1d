"""Clients that describe themselves: the rows of registered ones, and of documents that were used.

The operator's rows are out of reach here: every statement names the origin that it is about.
"""

from typing import LiteralString
from uuid import UUID

from psycopg.types.json import Jsonb

from authly_server.model.client import Client
from authly_server.storage.connections import Connection
from authly_server.storage.pool import Database


_INSERT: LiteralString = """
INSERT INTO authly.clients AS client (id, client_id, display_name, type, auth_method, grant_types,
    redirect_uris, audiences, require_pkce, enabled, client_uri, logo_uri, tos_uri, policy_uri,
    contacts, jwks, jwks_uri, require_pushed_authorization, dpop_bound, post_logout_redirect_uris,
    backchannel_logout_uri, id_token_signed_response_alg, userinfo_signed_response_alg,
    default_max_age, origin, registration_token_digest)
SELECT %(id)s, %(client_id)s, %(display_name)s, %(type)s, %(auth_method)s, %(grant_types)s,
    %(redirect_uris)s, %(audiences)s, %(require_pkce)s, true, %(client_uri)s, %(logo_uri)s,
    %(tos_uri)s, %(policy_uri)s, %(contacts)s, %(jwks)s, %(jwks_uri)s,
    %(require_pushed_authorization)s, %(dpop_bound)s, %(post_logout_redirect_uris)s,
    %(backchannel_logout_uri)s, %(id_token_signed_response_alg)s,
    %(userinfo_signed_response_alg)s, %(default_max_age)s, %(origin)s,
    %(registration_token_digest)s
"""
_UPDATE: LiteralString = """
    display_name = %(display_name)s, type = %(type)s, auth_method = %(auth_method)s,
    grant_types = %(grant_types)s, redirect_uris = %(redirect_uris)s, audiences = %(audiences)s,
    client_uri = %(client_uri)s, logo_uri = %(logo_uri)s, tos_uri = %(tos_uri)s,
    policy_uri = %(policy_uri)s, contacts = %(contacts)s, jwks = %(jwks)s, jwks_uri = %(jwks_uri)s,
    require_pushed_authorization = %(require_pushed_authorization)s, dpop_bound = %(dpop_bound)s,
    post_logout_redirect_uris = %(post_logout_redirect_uris)s,
    backchannel_logout_uri = %(backchannel_logout_uri)s,
    id_token_signed_response_alg = %(id_token_signed_response_alg)s,
    userinfo_signed_response_alg = %(userinfo_signed_response_alg)s,
    default_max_age = %(default_max_age)s, updated_at = now()
"""
# The count may be passed by as many as are registered in the same moment, which is no harm.
_REGISTER: LiteralString = f"""{_INSERT}
WHERE (SELECT count(*) FROM authly.clients AS other WHERE other.origin = 'dynamic') < %(limit)s
RETURNING extract(epoch FROM client.created_at)::bigint AS created_at
"""  # noqa: S608  # of constants
_REPLACE: LiteralString = f"""
UPDATE authly.clients AS client SET {_UPDATE},
    registration_token_digest = %(registration_token_digest)s
WHERE client.id = %(id)s AND client.origin = 'dynamic'
    AND client.registration_token_digest = %(former_token_digest)s
RETURNING extract(epoch FROM client.created_at)::bigint AS created_at
"""  # noqa: S608  # of constants
_KEEP: LiteralString = f"""{_INSERT}
ON CONFLICT (client_id) DO UPDATE SET {_UPDATE} WHERE client.origin = 'document'
"""
_REMOVE: LiteralString = """
DELETE FROM authly.clients AS client WHERE client.id = %(id)s AND client.origin = 'dynamic'
    AND client.registration_token_digest = %(token_digest)s
"""
_CREATED: LiteralString = """
SELECT extract(epoch FROM created_at)::bigint AS created_at FROM authly.clients WHERE id = %(id)s
"""
_SET_SCOPES: LiteralString = """
WITH dropped AS (
    DELETE FROM authly.client_scopes AS held USING authly.scopes AS scope
    WHERE held.client_id = %(id)s AND scope.id = held.scope_id AND scope.name <> ALL (%(scopes)s)
)
INSERT INTO authly.client_scopes (client_id, scope_id)
SELECT %(id)s, scope.id FROM authly.scopes AS scope WHERE scope.name = ANY (%(scopes)s)
ON CONFLICT DO NOTHING
"""
_SET_DIGEST: LiteralString = """
INSERT INTO authly.client_secrets (client_id, digest, position)
SELECT %(id)s, digest, 1 FROM unnest(%(secret_digests)s::bytea[]) AS secret (digest)
ON CONFLICT (client_id, position) DO UPDATE SET digest = excluded.digest
"""
_DROP_DIGESTS: LiteralString = """
DELETE FROM authly.client_secrets WHERE client_id = %(id)s
    AND digest <> ALL (%(secret_digests)s::bytea[])
"""
_RECORD: LiteralString = """
INSERT INTO authly.audit_log (event, client_id, detail) VALUES (%(event)s, %(client_id)s, '{}')
"""
_ANNOUNCE: LiteralString = "SELECT pg_notify('authly_changed', 'client:' || %(client_id)s)"
_TOUCH: LiteralString = """
UPDATE authly.clients SET last_used_on = current_date
WHERE id = %(id)s AND origin <> 'operator' AND last_used_on IS DISTINCT FROM current_date
"""


async def register(database: Database, client: Client, *, limit: int) -> int | None:
    """Insert a client that registers itself; when that was, in seconds, None if there are too many.

    Raises:
        errors.Unavailable: nothing was written.
    """
    async with database.connection() as connection:
        parameters = _parameters(client) | {"limit": limit}
        row = await (await connection.execute(_REGISTER, parameters)).fetchone()
        if row is None:
            return None
        await _complete(connection, client, "client_registered")
        return int(row["created_at"])


async def replace(database: Database, client: Client, *, former_token_digest: bytes) -> int | None:
    """Write what a client says of itself now; None if the token is not its current one any more.

    Raises:
        errors.Unavailable: nothing was written.
    """
    async with database.connection() as connection:
        parameters = _parameters(client) | {"former_token_digest": former_token_digest}
        row = await (await connection.execute(_REPLACE, parameters)).fetchone()
        if row is None:
            return None
        await _complete(connection, client, "client_reregistered")
        return int(row["created_at"])


async def remove(database: Database, client: Client, *, token_digest: bytes) -> bool:
    """Delete a client with all its grants; False if the token is not its current one any more."""
    async with database.connection() as connection:
        parameters = {"id": client.id, "token_digest": token_digest}
        if not (await connection.execute(_REMOVE, parameters)).rowcount:
            return False
        await _tell(connection, client.client_id, "client_unregistered")
        return True


async def keep(database: Database, client: Client) -> None:
    """Have a row for a client of a document, as it describes itself now: a grant refers to it."""
    async with database.connection() as connection:
        if not (await connection.execute(_KEEP, _parameters(client))).rowcount:
            return  # the operator has taken the name in this moment, and its row is another one
        await connection.execute(_SET_SCOPES, _parameters(client))
        await connection.execute(_ANNOUNCE, {"client_id": client.client_id})


async def registered_at(database: Database, client_id: UUID) -> int:
    """When a client was registered, in seconds."""
    row = await database.fetch_one(_CREATED, {"id": client_id})
    return 0 if row is None else int(row["created_at"])


async def touch(database: Database, client_id: UUID) -> None:
    """Note that a client is in use today; once a day, and for no client of the operator's."""
    await database.execute(_TOUCH, {"id": client_id})


async def _complete(connection: Connection, client: Client, event: str) -> None:
    parameters = _parameters(client)
    await connection.execute(_SET_SCOPES, parameters)
    await connection.execute(_DROP_DIGESTS, parameters)
    await connection.execute(_SET_DIGEST, parameters)
    await _tell(connection, client.client_id, event)


async def _tell(connection: Connection, client_id: str, event: str) -> None:
    await connection.execute(_RECORD, {"client_id": client_id, "event": event})
    await connection.execute(_ANNOUNCE, {"client_id": client_id})


def _parameters(client: Client) -> dict[str, object]:
    lists = ("redirect_uris", "audiences", "contacts", "post_logout_redirect_uris")
    given: dict[str, object] = {name: getattr(client, name) for name in client.__slots__}
    return given | {
        **{name: list(getattr(client, name)) for name in (*lists, "secret_digests")},
        "grant_types": sorted(client.grant_types),
        "scopes": sorted(client.scopes),
        "type": str(client.type),
        "auth_method": str(client.auth_method),
        "origin": str(client.origin),
        "jwks": None if client.jwks is None else Jsonb(dict(client.jwks)),
    }
