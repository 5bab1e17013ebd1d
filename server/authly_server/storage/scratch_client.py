"""A client in a database that is about to be dropped, to see whether a server on it lets it in."""

import json
from typing import Final

from authly_server.storage import migrate
from authly_server.storage.errors import MigrationError


_APPLY: Final = (
    "SELECT authly_api.apply_client(%s::jsonb, (SELECT epoch FROM authly.operator_epoch))"
)


def register(url: str, client_id: str, secret_sha256: str) -> None:
    """Register a machine that proves itself by a secret of that digest, in hexadecimal.

    Raises:
        MigrationError: the database cannot be reached, or does not take it.
    """
    spec = {
        "client_id": client_id,
        "owner": f"verification/{client_id}",
        "type": "confidential",
        "auth_method": "client_secret_basic",
        "secret_sha256": [secret_sha256],
        "grant_types": ["client_credentials"],
        "redirect_uris": [],
        "scopes": [],
    }
    with migrate.connected(url) as connection:
        row = connection.execute(_APPLY, (json.dumps(spec),)).fetchone()
    outcome = row[0].get("outcome") if row else None
    if outcome != "Created":
        message = f"the restored database takes no client: {outcome}"
        raise MigrationError(message)
