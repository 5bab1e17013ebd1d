"""Scopes, read-only: the operator writes them through authly_api."""

from authly_server.model.scope import Scope
from authly_server.storage import rows
from authly_server.storage.pool import Database


_FIND_ALL = """
SELECT name, description, is_default, descriptions, claims, is_sensitive
FROM authly.scopes ORDER BY name COLLATE "C"
"""


async def find_all(database: Database) -> tuple[Scope, ...]:
    """Every scope, ordered by name."""
    return tuple(rows.scope(row) for row in await database.fetch_all(_FIND_ALL, {}))
