"""What the server reads: clients, scopes, users, sessions, grants and revoked access tokens."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from authly_server.model.authorization_code import NewAuthorizationCode
from authly_server.model.client import AuthMethod, Client, ClientOrigin, ClientType
from authly_server.model.user import User
from authly_server.storage import (
    authorization_codes,
    clients,
    errors,
    grants,
    instance,
    revisions,
    scopes,
    sessions,
    tokens,
    users,
)
from authly_server.storage.liveness import Liveness, Question
from authly_server.storage.pool import Database


NewCode = Callable[..., NewAuthorizationCode]
SOON = datetime(2100, 1, 1, tzinfo=UTC)


async def test_a_client_is_read_as_it_was_applied(database: Database, owner: Any) -> None:
    owner.apply_client(
        access_token_ttl=600, client_uri="https://shop.example", audiences=["a", "b"]
    )
    found = await clients.find(database, "shop")
    assert found is not None
    assert found == Client(
        id=found.id,
        client_id="shop",
        display_name="The shop",
        type=ClientType.CONFIDENTIAL,
        auth_method=AuthMethod.CLIENT_SECRET_BASIC,
        secret_digests=(bytes.fromhex("ab" * 32),),
        grant_types=frozenset({"authorization_code", "refresh_token"}),
        redirect_uris=("https://shop.example/callback",),
        scopes=frozenset({"profile", "read"}),
        audiences=("a", "b"),
        require_pkce=True,
        access_token_ttl=600,
        refresh_token_ttl=None,
        enabled=True,
        client_uri="https://shop.example",
        logo_uri=None,
    )


async def test_a_client_with_everything_is_read_as_it_was_applied(
    database: Database, owner: Any
) -> None:
    keys = {"keys": [{"kty": "OKP", "crv": "Ed25519", "x": "AAAA"}]}
    given = {
        "jwks": keys,
        "tos_uri": "https://shop.example/tos",
        "policy_uri": "https://shop.example/privacy",
        "require_pushed_authorization": True,
        "dpop_bound": True,
        "backchannel_logout_uri": "https://shop.example/logout",
        "id_token_signed_response_alg": "RS256",
        "userinfo_signed_response_alg": "EdDSA",
        "default_max_age": 60,
    }
    lists = {
        "contacts": ["ada@shop.example"],
        "post_logout_redirect_uris": ["https://shop.example/bye"],
        "allowed_cors_origins": ["https://shop.example"],
    }
    method = {"auth_method": "private_key_jwt", "secret_sha256": []}
    owner.apply_client(**method, **given, **lists)
    found = await clients.find(database, "shop")
    assert found is not None
    assert found.auth_method is AuthMethod.PRIVATE_KEY_JWT
    assert {name: getattr(found, name) for name in given} == given
    assert {name: list(getattr(found, name)) for name in lists} == lists
    assert found.origin is ClientOrigin.OPERATOR
    assert (found.registration_token_digest, found.last_used_on) == (None, None)


async def test_a_client_of_a_service_account_is_read_as_it_was_applied(
    database: Database, owner: Any
) -> None:
    owner.apply_client(
        auth_method="service_account",
        secret_sha256=[],
        service_account="shop/backend",
        service_account_audience="authly",
    )
    found = await clients.find(database, "shop")
    assert found is not None
    assert found.auth_method is AuthMethod.SERVICE_ACCOUNT
    assert (found.service_account, found.service_account_audience) == ("shop/backend", "authly")


async def test_an_unknown_client_is_none(database: Database) -> None:
    assert await clients.find(database, "nobody") is None


async def test_the_default_scopes_are_there_from_the_start(database: Database) -> None:
    found = await scopes.find_all(database)
    assert [scope.name for scope in found] == [
        "admin",
        "email",
        "offline_access",
        "openid",
        "profile",
        "read",
        "write",
    ]
    assert {scope.name for scope in found if scope.is_default} == {"profile", "read"}


@pytest.mark.parametrize(
    "login", ["ada@example.org", "ADA@EXAMPLE.ORG", " ada@example.org ", "\uff41da@example.org"]
)
async def test_a_user_is_found_by_any_spelling_of_the_address(
    database: Database, user: User, login: str
) -> None:
    assert await users.find_by_login(database, login) == user


async def test_a_new_password_hash_replaces_the_old_one(database: Database, user: User) -> None:
    await users.record_password_hash(database, user, "another hash")
    found = await users.find(database, user.id)
    assert found is not None
    assert found.password_hash == "another hash"


async def test_a_new_hash_of_a_password_that_is_another_one_meanwhile_replaces_nothing(
    database: Database, user: User
) -> None:
    await users.record_password_hash(database, user, "the hash of another password")
    await users.record_password_hash(database, user, "a new hash of the former one")
    found = await users.find(database, user.id)
    assert found is not None
    assert found.password_hash == "the hash of another password"


async def test_a_session_is_found_with_its_user_until_it_ends(
    database: Database, user: User
) -> None:
    started = await sessions.start(database, digest=b"s" * 32, user_id=user.id, ttl=60)
    assert started.expires_at - started.authenticated_at == timedelta(seconds=60)
    assert await sessions.find(database, b"s" * 32) == (started, user)
    await sessions.end(database, b"s" * 32)
    await sessions.end(database, b"s" * 32)
    assert await sessions.find(database, b"s" * 32) is None


async def test_an_expired_session_is_none(database: Database, user: User) -> None:
    await sessions.start(database, digest=b"s" * 32, user_id=user.id, ttl=0)
    assert await sessions.find(database, b"s" * 32) is None


async def test_the_session_of_a_disabled_user_is_none(
    database: Database, user: User, owner: Any
) -> None:
    await sessions.start(database, digest=b"s" * 32, user_id=user.id, ttl=60)
    owner.execute("UPDATE authly.users SET enabled = false")
    assert await sessions.find(database, b"s" * 32) is None


async def test_no_session_starts_for_a_user_who_is_gone(database: Database) -> None:
    with pytest.raises(errors.Vanished):
        await sessions.start(database, digest=b"s" * 32, user_id=uuid4(), ttl=60)


@pytest.fixture
async def grant_id(database: Database, new_code: NewCode) -> UUID:
    return await authorization_codes.issue(database, new_code(), remember_consent=False)


async def test_a_grant_is_revoked_by_its_own_client_only(
    database: Database, grant_id: UUID, client: Client, other_client: UUID
) -> None:
    assert not await grants.revoke(database, grant_id=grant_id, client_id=other_client)
    assert await grants.find(database, grant_id) is not None
    assert await grants.revoke(database, grant_id=grant_id, client_id=client.id)
    assert await grants.find(database, grant_id) is None
    assert not await grants.revoke(database, grant_id=grant_id, client_id=client.id)


async def is_live(database: Database, grant_id: UUID | None, client_id: str = "shop") -> bool:
    alone = await tokens.is_live(database, jti="one", grant_id=grant_id, client_id=client_id)
    question = Question("one", client_id, grant_id)
    assert await Liveness(database).is_live(question) is alone
    return alone


async def test_an_access_token_lives_until_it_is_invalidated(
    database: Database, grant_id: UUID, client: Client
) -> None:
    assert await is_live(database, grant_id)
    for _ in range(2):
        await tokens.invalidate(
            database, jti="one", client_id=client.id, grant_id=grant_id, expires_at=SOON
        )
    assert not await is_live(database, grant_id)
    assert await tokens.is_live(database, jti="two", grant_id=grant_id, client_id="shop")


@pytest.mark.usefixtures("client")
async def test_a_token_of_the_client_itself_needs_no_grant(database: Database) -> None:
    assert await is_live(database, None)


async def test_a_token_of_a_grant_that_is_gone_can_still_be_invalidated(
    database: Database, client: Client
) -> None:
    await tokens.invalidate(
        database, jti="one", client_id=client.id, grant_id=uuid4(), expires_at=SOON
    )
    assert not await is_live(database, None)


async def test_invalidating_for_a_client_that_is_gone_is_no_error(database: Database) -> None:
    await tokens.invalidate(database, jti="one", client_id=uuid4(), grant_id=None, expires_at=SOON)


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE authly.users SET enabled = false",
        "UPDATE authly.clients SET enabled = false",
        "UPDATE authly.grants SET revoked_at = now()",
        "DELETE FROM authly.grants",
        "DELETE FROM authly.users",
        "DELETE FROM authly.clients",
    ],
)
async def test_an_access_token_dies_with_what_it_stands_on(
    database: Database, grant_id: UUID, owner: Any, change: str
) -> None:
    owner.execute(change)
    assert not await is_live(database, grant_id)


async def test_a_grant_says_nothing_for_another_client(database: Database, grant_id: UUID) -> None:
    assert not await is_live(database, grant_id, client_id="thief")


async def test_readiness_learns_the_revision(database: Database) -> None:
    assert await instance.check(database) == revisions.latest()


async def test_a_newer_schema_is_good_enough(database: Database, owner: Any) -> None:
    newer = revisions.latest() + 1
    owner.execute("INSERT INTO authly.schema_migrations (revision, name) VALUES (%s, 'x')", newer)
    assert await instance.check(database) == newer


async def test_an_older_schema_is_not_ready(database: Database, owner: Any) -> None:
    owner.execute("DELETE FROM authly.schema_migrations WHERE revision = %s", revisions.latest())
    with pytest.raises(errors.Unavailable, match="is needed"):
        await instance.check(database)


async def test_a_database_without_a_schema_is_not_ready(empty_database_url: str) -> None:
    database = await Database.open(empty_database_url, minimum=1, maximum=2, timeout=2.0)
    try:
        with pytest.raises(errors.Unavailable, match="not ready"):
            await instance.check(database)
    finally:
        await database.close()


async def test_what_raises_inside_a_transaction_leaves_nothing(
    database: Database, owner: Any
) -> None:
    async def fail() -> None:
        async with database.connection() as connection:
            await connection.execute("DELETE FROM authly.scopes")
            raise LookupError

    with pytest.raises(LookupError):
        await fail()
    assert owner.fetch("SELECT count(*) FROM authly.scopes") == 7


async def test_connections_in_use_are_counted(database: Database) -> None:
    before = database.connections_in_use
    async with database.connection():
        assert database.connections_in_use == before + 1
    await asyncio.sleep(0)
    assert database.connections_in_use == before
