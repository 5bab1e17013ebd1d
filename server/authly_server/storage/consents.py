"""What users agreed to for a client and need not be asked again; written by authorization_codes."""

from uuid import UUID

from authly_server.storage.pool import Database


_FIND = (
    "SELECT scopes FROM authly.consents WHERE user_id = %(user_id)s AND client_id = %(client_id)s"
)


async def find(database: Database, *, user_id: UUID, client_id: UUID) -> frozenset[str]:
    """The scopes consented to so far, empty where nothing was."""
    row = await database.fetch_one(_FIND, {"user_id": user_id, "client_id": client_id})
    return frozenset(row["scopes"] if row else ())
