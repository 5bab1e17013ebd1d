"""What was accepted once and may not be again: identifiers of assertions and proofs."""

from datetime import datetime
from typing import LiteralString

from authly_server.storage.pool import Database


_USE: LiteralString = """
INSERT INTO authly.used_jtis (digest, expires_at) VALUES (%(digest)s, %(expires_at)s)
ON CONFLICT (digest) DO NOTHING
"""


async def use(database: Database, digest: bytes, expires_at: datetime) -> bool:
    """Use it up; False if it was before, by whichever replica.

    `digest` is SHA-256 of whatever names it; from `expires_at` on it is refused for its age.
    """
    parameters = {"digest": digest, "expires_at": expires_at}
    return await database.execute(_USE, parameters) == 1
