"""How often something was tried: counted in the database, so that replicas count together."""

from typing import LiteralString

from authly_server.storage.pool import Database


_TAKE: LiteralString = """
INSERT INTO authly.attempts AS attempt (digest, count, expires_at)
VALUES (%(digest)s, 1, now() + make_interval(secs => %(seconds)s))
ON CONFLICT (digest) DO UPDATE SET
    count = CASE WHEN attempt.expires_at > now() THEN attempt.count + 1 ELSE 1 END,
    expires_at = CASE WHEN attempt.expires_at > now() THEN attempt.expires_at
        ELSE excluded.expires_at END
RETURNING count
"""
_GIVE_BACK: LiteralString = """
UPDATE authly.attempts SET count = count - 1
WHERE digest = %(digest)s AND count > 0 AND expires_at > now()
"""


async def take(database: Database, digest: bytes, *, seconds: int) -> int:
    """Count one more before it is tried, so that many at once count too; how many that makes.

    `digest` is SHA-256 of what is counted; the count begins anew `seconds` after its first.
    """
    row = await database.fetch_one(_TAKE, {"digest": digest, "seconds": seconds})
    assert row is not None  # noqa: S101  # INSERT … RETURNING answers a row or raises
    return int(row["count"])


async def give_back(database: Database, digest: bytes) -> None:
    """It was no failure, and does not count."""
    await database.execute(_GIVE_BACK, {"digest": digest})
