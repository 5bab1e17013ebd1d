"""An open pool on a fresh database, one client and one user in it, and a second cluster to stop."""

import json
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest

from authly_server.model.authorization_code import NewAuthorizationCode
from authly_server.model.client import Client
from authly_server.model.user import User
from authly_server.storage import bootstrap, clients, migrate, users
from authly_server.storage.pool import Database
from throwaway import postgres as throwaway_postgres


SPEC: dict[str, Any] = {
    "client_id": "shop",
    "owner": "default/shop",
    "display_name": "The shop",
    "type": "confidential",
    "auth_method": "client_secret_basic",
    "secret_sha256": ["ab" * 32],
    "grant_types": ["authorization_code", "refresh_token"],
    "redirect_uris": ["https://shop.example/callback"],
    "scopes": ["profile", "read"],
    "audiences": ["https://api.example"],
}


@dataclass(frozen=True)
class Owner:
    """The database's owner, who may look at everything and change anything."""

    url: str

    def fetch(self, statement: str, *parameters: object) -> Any:
        """The first column of the first row."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            row = connection.execute(statement.encode(), parameters).fetchone()
        return None if row is None else row[0]

    def execute(self, statement: str, *parameters: object) -> None:
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(statement.encode(), parameters)

    def apply_client(self, epoch: int = 1, **changes: object) -> Any:
        spec = json.dumps(SPEC | changes)
        return self.fetch("SELECT authly_api.apply_client(%s::jsonb, %s)", spec, epoch)

    def apply_scope(self, epoch: int = 1, **spec: object) -> Any:
        return self.fetch("SELECT authly_api.apply_scope(%s::jsonb, %s)", json.dumps(spec), epoch)

    def create_user(self, email: str) -> None:
        with psycopg.connect(self.url, autocommit=True) as connection:
            person = bootstrap.Administrator(email, lambda: "a hash", "a hash".__eq__)
            bootstrap.ensure_administrator(connection, person)


@pytest.fixture
def owner(database_url: str) -> Owner:
    return Owner(database_url)


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    pool = await Database.open(database_url, minimum=1, maximum=20, timeout=2.0)
    yield pool
    await pool.close()


@pytest.fixture
async def client(owner: Owner, database: Database) -> Client:
    owner.apply_client()
    found = await clients.find(database, "shop")
    assert found is not None
    return found


@pytest.fixture
async def user(owner: Owner, database: Database) -> User:
    owner.create_user("ada@example.org")
    found = await users.find_by_login(database, "ada@example.org")
    assert found is not None
    return found


NewCode = Callable[..., NewAuthorizationCode]


@pytest.fixture
def new_code(client: Client, user: User) -> NewCode:
    """A code that nobody has yet, bound to the client, the user and a verifier."""

    def build(**changes: Any) -> NewAuthorizationCode:
        values: dict[str, Any] = {
            "grant_id": uuid4(),
            "digest": b"c" * 32,
            "client_id": client.id,
            "user_id": user.id,
            "scopes": frozenset({"read", "profile"}),
            "resources": ("https://api.example",),
            "redirect_uri": "https://shop.example/callback",
            "code_challenge": "the-challenge",
            "ttl": 60,
        }
        return NewAuthorizationCode(**(values | changes))

    return build


@pytest.fixture
def own_cluster() -> Iterator[throwaway_postgres.Cluster]:
    """A cluster that only this test uses, so that it may be stopped and frozen."""
    cluster = throwaway_postgres.create()
    with migrate.locked(cluster.create_database("authly")) as connection:
        migrate.upgrade(connection)
    yield cluster
    cluster.close()


@pytest.fixture
def other_client(owner: Owner) -> UUID:
    """The key of another client, who has nothing to do with anything."""
    owner.apply_client(client_id="thief", owner="default/thief")
    found = owner.fetch("SELECT id FROM authly.clients WHERE client_id = 'thief'")
    assert isinstance(found, UUID)
    return found


Recorded = Callable[[str], Any]


@pytest.fixture
def recorded(owner: Owner) -> Recorded:
    """What the audit log tells of the last event of that name."""
    return lambda event: owner.fetch(
        "SELECT detail || jsonb_build_object('of', user_id) FROM authly.audit_log"
        " WHERE event = %s ORDER BY id DESC LIMIT 1",
        event,
    )
