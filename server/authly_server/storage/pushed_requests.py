"""Pushed authorization requests (RFC 9126): taken up by a browser, over once answered."""

from uuid import UUID

from psycopg import errors as pg

from authly_server.storage import errors
from authly_server.storage.pool import Database


_KEEP = """
INSERT INTO authly.pushed_requests (digest, client_id, query, expires_at)
VALUES (%(digest)s, %(client_id)s, %(query)s, now() + make_interval(secs => %(ttl)s))
"""
_FIND = """
SELECT pushed.query
FROM authly.pushed_requests AS pushed JOIN authly.clients AS client ON client.id = pushed.client_id
WHERE pushed.digest = %(digest)s AND client.client_id = %(client_id)s
AND pushed.answered_at IS NULL AND pushed.expires_at > now()
"""
_ANSWER = """
UPDATE authly.pushed_requests SET answered_at = now()
WHERE digest = %(digest)s AND answered_at IS NULL
"""


async def keep(database: Database, *, digest: bytes, client_id: UUID, query: str, ttl: int) -> None:
    """Keep a request for `ttl` seconds, under the digest of its request_uri.

    Raises:
        errors.Vanished: the client was deleted meanwhile.
    """
    parameters = {"digest": digest, "client_id": client_id, "query": query, "ttl": ttl}
    try:
        await database.execute(_KEEP, parameters)
    except pg.ForeignKeyViolation as error:
        raise errors.Vanished(str(client_id)) from error


async def find(database: Database, *, digest: bytes, client_id: str) -> str | None:
    """The request that the client of that protocol identifier pushed, if it can be taken up."""
    row = await database.fetch_one(_FIND, {"digest": digest, "client_id": client_id})
    return None if row is None else str(row["query"])


async def answer(database: Database, digest: bytes) -> bool:
    """The request is over; False if it was before.

    Its expiry is not asked for: it says until when a request is taken up, and people take longer.
    """
    return await database.execute(_ANSWER, {"digest": digest}) == 1
