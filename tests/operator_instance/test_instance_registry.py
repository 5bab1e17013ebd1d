"""The operator's calls of authly_api, on a migrated PostgreSQL and as the operator's role."""

import asyncio
import dataclasses
import os
import signal
import time
from typing import Any

import psycopg
import pytest

from authly_operator.instance import database, errors, registry
from authly_operator.observed import DatabaseProbe, Written
from authly_server.storage import revisions
from throwaway import postgres as throwaway_postgres


CLIENT: dict[str, Any] = {
    "client_id": "team.shop",
    "owner": "team/shop",
    "display_name": "The shop",
    "type": "confidential",
    "auth_method": "client_secret_basic",
    "secret_sha256": ["ab" * 32],
    "grant_types": ["client_credentials"],
    "redirect_uris": [],
    "scopes": ["read"],
    "audiences": [],
    "require_pkce": True,
    "access_token_ttl": None,
    "refresh_token_ttl": None,
    "enabled": True,
    "deletion_policy": "delete",
    "client_uri": None,
    "logo_uri": None,
    "tos_uri": None,
    "policy_uri": None,
    "contacts": [],
    "jwks": None,
    "jwks_uri": None,
    "service_account": None,
    "service_account_audience": None,
    "require_pushed_authorization": False,
    "dpop_bound": False,
    "post_logout_redirect_uris": [],
    "backchannel_logout_uri": None,
    "id_token_signed_response_alg": None,
    "userinfo_signed_response_alg": None,
    "default_max_age": None,
    "allowed_cors_origins": [],
}
SCOPE = {
    "name": "orders",
    "owner": "team/orders",
    "description": "Orders",
    "descriptions": {},
    "claims": [],
    "is_default": False,
    "is_sensitive": False,
    "deletion_policy": "delete",
}
BACKEND = (
    b"SELECT pid FROM pg_stat_activity"
    b" WHERE application_name = 'authly-operator' AND datname = current_database()"
)


async def test_the_schema_revision_is_observed(migrated: Any) -> None:
    probed = await registry.observe_instance(migrated.operator)
    expected = DatabaseProbe(schema_revision=revisions.latest(), replicas=())
    assert dataclasses.replace(probed, version=None) == expected


async def test_the_version_of_postgresql_is_what_it_calls_itself(migrated: Any) -> None:
    async with await psycopg.AsyncConnection.connect(migrated.owner) as connection:
        row = await (await connection.execute("SHOW server_version")).fetchone()
    assert row is not None
    called = row[0].partition(" ")[0]
    assert (await registry.observe_instance(migrated.operator)).version == called
    assert (await database.probe(migrated.owner)).version == called


async def test_the_fence_of_the_last_restore_is_observed_in_utc(migrated: Any) -> None:
    fences = "INSERT INTO authly.token_fences VALUES (0, 1000000000), (0, 1700000000)"
    async with await psycopg.AsyncConnection.connect(migrated.owner) as connection:
        await connection.execute(fences)
    probed = await registry.observe_instance(migrated.operator)
    assert probed.tokens_not_before == "2023-11-14T22:13:20Z"


async def test_a_client_comes_changes_and_goes(migrated: Any) -> None:
    url = migrated.operator
    assert await registry.observe_client(url, "team.shop") is None
    assert await registry.apply_client(url, CLIENT, 7) == Written(outcome="Created")
    assert await registry.apply_client(url, CLIENT, 7) == Written(outcome="Unchanged")
    assert await registry.observe_client(url, "team.shop") == CLIENT
    renamed = CLIENT | {"display_name": "The Ünïcode shop"}
    assert await registry.apply_client(url, renamed, 7) == Written(outcome="Updated")
    assert await registry.observe_client(url, "team.shop") == renamed
    stranger = await registry.delete_client(url, "team.shop", "other/shop", 7)
    assert stranger == Written(outcome="Conflict", detail="team/shop")
    assert (await registry.delete_client(url, "team.shop", "team/shop", 7)).outcome == "Deleted"
    assert (await registry.delete_client(url, "team.shop", "team/shop", 7)).outcome == "Absent"


async def test_a_scope_comes_is_used_and_goes(migrated: Any) -> None:
    url = migrated.operator
    assert await registry.observe_scope(url, "orders") is None
    assert await registry.apply_scope(url, SCOPE, 7) == Written(outcome="Created")
    await registry.apply_client(url, CLIENT | {"scopes": ["orders"]}, 7)
    assert await registry.observe_scope(url, "orders") == {**SCOPE, "in_use_by": 1}
    used = await registry.delete_scope(url, "orders", "team/orders", 7)
    assert used.outcome == "InUse"
    await registry.delete_client(url, "team.shop", "team/shop", 7)
    assert (await registry.delete_scope(url, "orders", "team/orders", 7)).outcome == "Deleted"


async def test_unknown_scopes_are_named(migrated: Any) -> None:
    assert await registry.unknown_scopes(migrated.operator, ["write", "nil", "read", "a"]) == (
        "a",
        "nil",
    )
    assert await registry.unknown_scopes(migrated.operator, []) == ()
    answer = await registry.apply_client(migrated.operator, CLIENT | {"scopes": ["nil"]}, 7)
    assert answer == Written(outcome="UnknownScopes", detail=["nil"])


@pytest.mark.parametrize("name", ["a\0b", "\ud800"])
async def test_text_that_no_database_can_hold_is_invalid(migrated: Any, name: str) -> None:
    answer = await registry.apply_client(migrated.operator, CLIENT | {"display_name": name}, 7)
    assert answer.outcome == "Invalid"
    assert await registry.observe_client(migrated.operator, "team.shop") is None


async def test_a_former_leader_is_told_and_writes_nothing(migrated: Any) -> None:
    url = migrated.operator
    await registry.apply_scope(url, SCOPE, 8)
    for write in (
        registry.apply_client(url, CLIENT, 7),
        registry.apply_scope(url, SCOPE | {"description": "Mine"}, 7),
        registry.delete_scope(url, "orders", "team/orders", 7),
        registry.delete_client(url, "team.shop", "team/shop", 7),
    ):
        with pytest.raises(errors.StaleEpoch, match="epoch 7 is over: 8 was seen"):
            await write
    assert await registry.observe_client(url, "team.shop") is None
    assert await registry.observe_scope(url, "orders") == {**SCOPE, "in_use_by": 0}


async def test_an_epoch_of_microseconds_fits(migrated: Any) -> None:
    epoch = 9_999_999_999_999_999
    assert (await registry.apply_client(migrated.operator, CLIENT, epoch)).outcome == "Created"


async def test_a_database_without_the_schema_is_not_migrated(empty_database_url: str) -> None:
    with pytest.raises(errors.Unreachable, match="is not migrated yet"):
        await registry.observe_instance(empty_database_url)


async def test_a_role_without_the_grant_is_told(
    migrated: Any, postgres: throwaway_postgres.Cluster
) -> None:
    role = migrated.operator.partition("//")[2].partition(":")[0]
    with psycopg.connect(migrated.owner, autocommit=True) as connection:
        connection.execute(f"REVOKE USAGE ON SCHEMA authly_api FROM {role}".encode())
    with pytest.raises(errors.Unreachable, match=r"permission denied.*its migration"):
        await registry.observe_instance(migrated.operator)
    assert postgres.port


async def test_a_wrong_password_is_unreachable_and_never_told(migrated: Any) -> None:
    url = migrated.operator.replace("100%25", "hunter2")
    with pytest.raises(errors.Unreachable, match="check the user and the password") as raised:
        await registry.observe_client(url, "team.shop")
    assert "hunter2" not in repr(raised.value)
    assert "pass" not in str(raised.value).replace("password", "")
    assert raised.value.__cause__ is None


async def test_a_statement_that_is_locked_out_ends_in_time(migrated: Any) -> None:
    await registry.apply_client(migrated.operator, CLIENT, 7)
    with psycopg.connect(migrated.owner) as connection:
        connection.execute("LOCK TABLE authly.clients")
        began = time.monotonic()
        with pytest.raises(errors.Unreachable):
            await registry.apply_client(migrated.operator, CLIENT, 7)
        assert time.monotonic() - began < 7
    assert (await registry.apply_client(migrated.operator, CLIENT, 7)).outcome == "Unchanged"


async def test_a_database_that_freezes_is_hung_up_on(
    migrated: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The backend is stopped while it works, so that not even its own time-out is kept."""
    monkeypatch.setattr("authly_operator.instance.session.STATEMENT_SECONDS", 1.5)
    with psycopg.connect(migrated.owner) as connection:
        connection.execute("LOCK TABLE authly.clients")
        call = asyncio.create_task(registry.apply_client(migrated.operator, CLIENT, 7))
        backend = await _backend(migrated.owner)
        os.kill(backend, signal.SIGSTOP)
        try:
            began = time.monotonic()
            with pytest.raises(errors.Unreachable, match="no answer in time"):
                await call
            assert time.monotonic() - began < 3
        finally:
            os.kill(backend, signal.SIGCONT)


async def _backend(owner: str) -> int:
    async with await psycopg.AsyncConnection.connect(owner, autocommit=True) as connection:
        for _ in range(3000):
            row = await (await connection.execute(BACKEND)).fetchone()
            if row:
                return int(row[0])
            await asyncio.sleep(0.02)
    raise AssertionError("no connection of the operator was seen")


async def _wait_gone(owner: str) -> None:
    async with await psycopg.AsyncConnection.connect(owner, autocommit=True) as connection:
        for _ in range(3000):
            if await (await connection.execute(BACKEND)).fetchone() is None:
                return
            await asyncio.sleep(0.05)
    raise AssertionError("an idle connection of the operator stays open")


async def test_a_restart_of_the_database_is_survived() -> None:
    cluster = await asyncio.to_thread(throwaway_postgres.create)
    try:
        url = cluster.url("postgres")
        await asyncio.to_thread(cluster.stop)
        with pytest.raises(errors.Unreachable, match="Connection refused"):
            await registry.observe_instance(url)
        await asyncio.to_thread(cluster.start)
        with pytest.raises(errors.Unreachable, match="is not migrated yet"):
            await registry.observe_instance(url)
    finally:
        registry.close()
        await asyncio.to_thread(cluster.close)


async def test_connections_are_kept_for_the_next_call_and_not_for_ever(
    migrated: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("authly_operator.instance.idle.IDLE_SECONDS", 0.3)
    await registry.observe_instance(migrated.operator)
    first = await _backend(migrated.owner)
    await registry.observe_instance(migrated.operator)
    assert await _backend(migrated.owner) == first
    await _wait_gone(migrated.owner)
    assert (await registry.observe_instance(migrated.operator)).schema_revision


async def test_a_connection_that_the_database_closed_is_replaced(
    migrated: Any, postgres: throwaway_postgres.Cluster
) -> None:
    await registry.observe_instance(migrated.operator)
    backend = await _backend(migrated.owner)
    superuser = postgres.superuser_url
    async with await psycopg.AsyncConnection.connect(superuser, autocommit=True) as connection:
        await connection.execute("SELECT pg_terminate_backend(%s, 5000)", [backend])
    assert (await registry.observe_instance(migrated.operator)).schema_revision
    assert await _backend(migrated.owner) != backend


async def test_a_thousand_clients_are_applied_within_a_minute(migrated: Any) -> None:
    """Eight at a time, each looked at before and after, and its scopes, as the operator does."""
    ids = iter(range(1000))

    async def work() -> None:
        for number in ids:
            spec = CLIENT | {"client_id": f"team.c{number}"}
            await registry.observe_client(migrated.operator, spec["client_id"])
            assert not await registry.unknown_scopes(migrated.operator, spec["scopes"])
            assert (await registry.apply_client(migrated.operator, spec, 7)).outcome == "Created"
            await registry.observe_client(migrated.operator, spec["client_id"])

    began = time.monotonic()
    await asyncio.gather(*(work() for _ in range(8)))
    assert time.monotonic() - began < 60
