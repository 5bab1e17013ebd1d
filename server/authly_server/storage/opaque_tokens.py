"""Opaque access tokens: written as they are issued, read by their digest, deleted to revoke one."""

import json
from typing import LiteralString
from uuid import UUID

from authly_server.model.opaque_token import DueToken, OpaqueToken
from authly_server.storage.connections import Row
from authly_server.storage.pool import Database


# The end of a statement with a part named `consumed`, which tells of a grant as `rows.grant` reads
# it: with a token that is issued for that, and without.
ISSUED: LiteralString = """
, issued AS (
    INSERT INTO authly.opaque_tokens
        (digest, client_id, grant_id, scopes, audience, dpop_jkt, expires_at)
    SELECT %(access_digest)s, consumed.client_id, consumed.grant_id,
        ARRAY(SELECT unnest(coalesce(%(access_scopes)s::text[], consumed.scopes))
            INTERSECT SELECT unnest(%(access_client_scopes)s::text[])),
        CASE WHEN cardinality(%(access_resources)s::text[]) > 0 THEN %(access_resources)s::text[]
            WHEN cardinality(consumed.resources) > 0 THEN consumed.resources
            ELSE %(access_audience)s::text[] END,
        %(access_jkt)s::text, now() + make_interval(secs => %(access_ttl)s)
    FROM consumed
)
SELECT * FROM consumed
"""
NOT_ISSUED: LiteralString = """
SELECT * FROM consumed
"""
_INSERT = """
INSERT INTO authly.opaque_tokens
    (digest, client_id, grant_id, subject, scopes, audience, dpop_jkt, actors, expires_at)
VALUES (%(digest)s, %(client_id)s, %(grant_id)s, %(subject)s, %(scopes)s, %(audience)s,
    %(dpop_jkt)s, %(actors)s::jsonb, now() + make_interval(secs => %(ttl)s))
"""
_FIND_LIVE = """
SELECT client.client_id, token.grant_id, coalesce(token.subject, grants.user_id::text) AS subject,
    token.scopes, token.audience, token.dpop_jkt, token.actors, token.issued_at, token.expires_at,
    nullif(holder.client_id, client.client_id) AS granted_to
FROM authly.opaque_tokens AS token
JOIN authly.clients AS client ON client.id = token.client_id AND client.enabled
LEFT JOIN authly.grants ON grants.id = token.grant_id
LEFT JOIN authly.users AS person ON person.id = grants.user_id
LEFT JOIN authly.clients AS holder ON holder.id = grants.client_id
WHERE token.digest = %(digest)s AND token.expires_at > now()
AND (token.grant_id IS NULL
    OR (grants.revoked_at IS NULL AND person.enabled AND holder.enabled))
AND NOT EXISTS (SELECT FROM authly.token_fences
    WHERE floor(extract(epoch FROM token.issued_at)) BETWEEN refused_from AND refused_until)
"""
_REVOKE = """
DELETE FROM authly.opaque_tokens WHERE digest = %(digest)s AND client_id = %(client_id)s
"""


def parameters(due: DueToken) -> dict[str, object]:
    """What `ISSUED` asks for."""
    return {
        "access_digest": due.digest,
        "access_scopes": None if due.scopes is None else sorted(due.scopes),
        "access_client_scopes": sorted(due.client_scopes),
        "access_resources": list(due.resources),
        "access_audience": list(due.default_audience),
        "access_jkt": due.dpop_jkt,
        "access_ttl": due.ttl,
    }


async def insert(
    database: Database, token: OpaqueToken, *, digest: bytes, client_id: UUID, ttl: int
) -> None:
    """Write one for which nothing is consumed; `client_id` is the key, `ttl` seconds from now."""
    values = {
        "digest": digest,
        "client_id": client_id,
        "grant_id": token.grant_id,
        "subject": token.subject,
        "scopes": sorted(token.scopes),
        "audience": list(token.audience),
        "dpop_jkt": token.dpop_jkt,
        "actors": json.dumps(token.actors),
        "ttl": ttl,
    }
    await database.execute(_INSERT, values)


async def find_live(database: Database, digest: bytes) -> OpaqueToken | None:
    """The token of that digest if it may be honoured now, in the sense of `tokens.is_live`."""
    row = await database.fetch_one(_FIND_LIVE, {"digest": digest})
    return None if row is None else _read(row)


async def revoke(database: Database, *, digest: bytes, client_id: UUID) -> None:
    """Revoke that token of that client, and no other (RFC 7009); once is enough."""
    await database.execute(_REVOKE, {"digest": digest, "client_id": client_id})


def _read(row: Row) -> OpaqueToken:
    return OpaqueToken(
        subject=row["subject"],
        client_id=row["client_id"],
        audience=tuple(row["audience"]),
        scopes=frozenset(row["scopes"]),
        grant_id=row["grant_id"],
        issued_at=row["issued_at"],
        expires_at=row["expires_at"],
        dpop_jkt=row["dpop_jkt"],
        actors=tuple((subject, client_id) for subject, client_id in row["actors"]),
        granted_to=row["granted_to"],
    )
