"""What a test registers with a throwaway server: schema, administrator, clients, scopes.

Clients and scopes go through the functions of authly_api, as the operator's do.
"""

import hashlib
import json
from dataclasses import dataclass, field
from typing import Any

import psycopg

from authly_server.storage import bootstrap, migration, users
from authly_server.users import passwords


EMAIL = "ada@example.org"
PASSWORD = "correct horse battery staple"  # noqa: S105  # of a database that is dropped again
_LOWEST_COST = 10
_ADD_USER = """
INSERT INTO authly.users
    (email, username, email_folded, username_folded, password_hash, is_verified)
VALUES (%s, %s, %s, %s, %s, true) ON CONFLICT DO NOTHING
"""


@dataclass(frozen=True)
class RegisteredClient:
    """A client as it was applied; `secret` is empty for a public one."""

    spec: dict[str, Any]
    secret: str = field(repr=False)

    @property
    def client_id(self) -> str:
        """The protocol's identifier."""
        return str(self.spec["client_id"])

    @property
    def redirect_uri(self) -> str:
        """The first one registered."""
        return str(self.spec["redirect_uris"][0])

    @property
    def basic(self) -> tuple[str, str]:
        """What HTTP clients take for Basic authentication."""
        return self.client_id, self.secret


def migrate(database_url: str, *, email: str = EMAIL, password: str = PASSWORD) -> None:
    """Bring a database to the program's schema, with an administrator who can sign in."""
    administrator = bootstrap.Administrator(
        email,
        lambda: passwords.hash_now(password, _LOWEST_COST),
        lambda password_hash: passwords.matches_now(password, password_hash),
    )
    migration.run(database_url, administrator=administrator)


def add_user(database_url: str, email: str, *, password: str = PASSWORD) -> None:
    """Add one more person who can sign in, by address, and is no administrator."""
    hashed = passwords.hash_now(password, _LOWEST_COST)
    folded = users.fold(email)
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(_ADD_USER, (email, email, folded, folded, hashed))


def apply_client(database_url: str, *, client_id: str = "shop", **spec: Any) -> RegisteredClient:
    """Apply a client; what `spec` leaves out makes it confidential, with Basic and all grants.

    `auth_method="none"` makes it public. Its secret is its name with `-secret`, padded.
    """
    is_public = spec.get("auth_method") == "none"
    secret = "" if is_public else f"{client_id}-secret".ljust(32, "x")
    grants = ["authorization_code", "refresh_token", "client_credentials"][: 2 if is_public else 3]
    wanted: dict[str, Any] = {
        "client_id": client_id,
        "owner": f"default/{client_id}",
        "display_name": client_id.title(),
        "type": "public" if is_public else "confidential",
        "auth_method": "client_secret_basic",
        "secret_sha256": [] if is_public else [hashlib.sha256(secret.encode()).hexdigest()],
        "grant_types": grants,
        "redirect_uris": [f"https://{client_id}.example/callback"],
        "scopes": ["profile", "read"],
        "audiences": ["https://api.example"],
        **spec,
    }
    outcome = call(database_url, "apply_client", json.dumps(wanted), 1)
    if outcome["outcome"] not in {"Created", "Updated", "Unchanged"}:
        message = f"apply_client: {outcome}"
        raise ValueError(message)
    return RegisteredClient(wanted, secret)


def apply_scope(
    database_url: str,
    name: str,
    *,
    description: str = "",
    is_default: bool = False,
    **more: object,
) -> None:
    """Apply a scope."""
    spec = {
        "name": name,
        "owner": f"default/{name}",
        "description": description,
        "is_default": is_default,
        **more,
    }
    outcome = call(database_url, "apply_scope", json.dumps(spec), 1)
    if outcome["outcome"] not in {"Created", "Updated", "Unchanged"}:
        message = f"apply_scope: {outcome}"
        raise ValueError(message)


def call(database_url: str, function: str, *arguments: object) -> dict[str, Any]:
    """Call a function of authly_api and answer its object; JSON goes in as text."""
    places = ", ".join(["%s"] * len(arguments))
    statement = f"SELECT authly_api.{function}({places})"
    with psycopg.connect(database_url, autocommit=True) as connection:
        row = connection.execute(statement.encode(), arguments).fetchone()
    answer: dict[str, Any] = row[0] if row else {}
    return answer
