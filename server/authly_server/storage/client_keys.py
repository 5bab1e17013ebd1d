"""When the keys of clients were used last: noted as uses of secrets are."""

from collections.abc import Mapping
from uuid import UUID

from authly_server.storage import proof_uses
from authly_server.storage.pool import Database


KeyName = tuple[UUID, str]
"""The key of the client's row, and the kid of its public key."""
_NOTE = proof_uses.statement("client_keys", "kid", "text")


async def note_uses(database: Database, ages: Mapping[KeyName, float]) -> frozenset[KeyName]:
    """As `proof_uses.note`."""
    return await proof_uses.note(database, _NOTE, ages)
