"""When the secrets of clients were used last."""

from collections.abc import Mapping
from uuid import UUID

from authly_server.storage import proof_uses
from authly_server.storage.pool import Database


SecretKey = tuple[UUID, bytes]
"""The key of the client's row, and the digest of the secret."""
_NOTE = proof_uses.statement("client_secrets", "digest", "bytea")


async def note_uses(database: Database, ages: Mapping[SecretKey, float]) -> frozenset[SecretKey]:
    """As `proof_uses.note`."""
    return await proof_uses.note(database, _NOTE, ages)
