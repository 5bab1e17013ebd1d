"""Every way in which the rotation of a refresh token can end."""

import asyncio
from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import pytest

from authly_server.model.authorization_code import CodeRedemption, NewAuthorizationCode
from authly_server.model.client import Client
from authly_server.model.refresh_token import (
    NewRefreshFamily,
    RefreshRefusal,
    RefreshRefused,
    RefreshReplayed,
    RefreshRotation,
    Rotated,
)
from authly_server.storage import authorization_codes, errors, grants, refresh_tokens
from authly_server.storage.pool import Database


NewCode = Callable[..., NewAuthorizationCode]
Rotation = Callable[..., RefreshRotation]


def digest(generation: int) -> bytes:
    return generation.to_bytes(32, "big")


@pytest.fixture
async def grant_id(database: Database, new_code: NewCode, client: Client) -> UUID:
    """A grant whose refresh family is in generation 0."""
    code = new_code(redirect_uri=None)
    await authorization_codes.issue(database, code, remember_consent=False)
    redemption = CodeRedemption(code.digest, client.id, None, code.code_challenge)
    family = NewRefreshFamily(digest(0), ttl=3600)
    await authorization_codes.redeem(database, redemption, family)
    return code.grant_id


@pytest.fixture
def rotation(grant_id: UUID, client: Client) -> Rotation:
    def build(generation: int, **changes: Any) -> RefreshRotation:
        values: dict[str, Any] = {
            "grant_id": grant_id,
            "client_id": client.id,
            "generation": generation,
            "presented_digest": digest(generation),
            "successor_digest": digest(generation + 1),
            "ttl": 3600,
            "grace": 10,
        }
        return RefreshRotation(**(values | changes))

    return build


async def is_revoked(database: Database, grant_id: UUID) -> bool:
    return await grants.find(database, grant_id) is None


async def test_each_generation_follows_the_one_before(
    database: Database, rotation: Rotation, grant_id: UUID
) -> None:
    for generation in range(4):
        outcome = await refresh_tokens.rotate(database, rotation(generation))
        assert isinstance(outcome, Rotated)
        assert (outcome.grant.id, outcome.retried) == (grant_id, False)
        assert outcome.grant.scopes == {"read", "profile"}


async def test_a_lost_response_is_answered_again_with_the_same_successor(
    database: Database, rotation: Rotation, grant_id: UUID
) -> None:
    await refresh_tokens.rotate(database, rotation(0))
    outcome = await refresh_tokens.rotate(database, rotation(0))
    assert isinstance(outcome, Rotated)
    assert outcome.retried
    assert isinstance(await refresh_tokens.rotate(database, rotation(1)), Rotated)
    assert not await is_revoked(database, grant_id)


async def test_inside_the_grace_a_used_successor_makes_it_a_replay(
    database: Database, rotation: Rotation, grant_id: UUID, owner: Any
) -> None:
    await refresh_tokens.rotate(database, rotation(0))
    await refresh_tokens.rotate(database, rotation(1))
    outcome = await refresh_tokens.rotate(database, rotation(0))
    assert outcome == RefreshReplayed(grant_id)
    assert await is_revoked(database, grant_id)
    event = owner.fetch("SELECT event FROM authly.audit_log WHERE grant_id = %s", grant_id)
    assert event == "refresh_token_replayed"


async def test_after_the_grace_a_consumed_token_revokes_its_family(
    database: Database, rotation: Rotation, grant_id: UUID
) -> None:
    await refresh_tokens.rotate(database, rotation(0))
    outcome = await refresh_tokens.rotate(database, rotation(0, grace=0))
    assert outcome == RefreshReplayed(grant_id)
    live = await refresh_tokens.rotate(database, rotation(1))
    assert live == RefreshRefused(RefreshRefusal.REVOKED)


async def test_retries_inside_the_grace_are_counted(
    database: Database, rotation: Rotation, grant_id: UUID, owner: Any
) -> None:
    await refresh_tokens.rotate(database, rotation(0))
    owner.execute("UPDATE authly.tokens SET retries = %s", refresh_tokens.MOST_RETRIES - 1)
    assert isinstance(await refresh_tokens.rotate(database, rotation(0)), Rotated)
    assert await refresh_tokens.rotate(database, rotation(0)) == RefreshReplayed(grant_id)


async def test_twenty_refreshes_at_once_all_get_the_one_successor(
    database: Database, rotation: Rotation, grant_id: UUID, owner: Any
) -> None:
    attempts = [refresh_tokens.rotate(database, rotation(0)) for _ in range(20)]
    outcomes = await asyncio.gather(*attempts)
    assert all(isinstance(outcome, Rotated) for outcome in outcomes)
    assert sum(outcome == Rotated(outcome.grant, retried=False) for outcome in outcomes) == 1  # type: ignore[union-attr]
    stored = "SELECT digest FROM authly.tokens WHERE grant_id = %s AND generation = 1"
    assert owner.fetch(stored, grant_id) == digest(1)


WRONG: dict[RefreshRefusal, dict[str, object]] = {
    RefreshRefusal.UNKNOWN: {"grant_id": uuid4()},
    RefreshRefusal.OTHER_CLIENT: {"client_id": uuid4()},
}


@pytest.mark.parametrize("reason", WRONG)
async def test_a_wrong_request_is_refused_and_changes_nothing_of_the_family(
    database: Database, rotation: Rotation, reason: RefreshRefusal
) -> None:
    outcome = await refresh_tokens.rotate(database, rotation(0, **WRONG[reason]))
    assert outcome == RefreshRefused(reason)
    assert isinstance(await refresh_tokens.rotate(database, rotation(0)), Rotated)


async def test_another_client_with_a_consumed_token_revokes_nothing(
    database: Database, rotation: Rotation, grant_id: UUID, other_client: UUID
) -> None:
    await refresh_tokens.rotate(database, rotation(0))
    stolen = rotation(0, client_id=other_client, grace=0)
    outcome = await refresh_tokens.rotate(database, stolen)
    assert outcome == RefreshRefused(RefreshRefusal.OTHER_CLIENT)
    assert not await is_revoked(database, grant_id)


@pytest.mark.parametrize(("generation", "presented"), [(0, digest(9)), (7, digest(7))])
async def test_a_token_that_the_database_does_not_know_is_refused(
    database: Database, rotation: Rotation, grant_id: UUID, generation: int, presented: bytes
) -> None:
    unknown = rotation(generation, presented_digest=presented)
    outcome = await refresh_tokens.rotate(database, unknown)
    assert outcome == RefreshRefused(RefreshRefusal.UNKNOWN)
    assert not await is_revoked(database, grant_id)


async def test_an_expired_family_is_refused(
    database: Database, rotation: Rotation, grant_id: UUID
) -> None:
    await refresh_tokens.rotate(database, rotation(0, ttl=0))
    outcome = await refresh_tokens.rotate(database, rotation(1))
    assert outcome == RefreshRefused(RefreshRefusal.EXPIRED)
    assert not await is_revoked(database, grant_id)


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE authly.users SET enabled = false",
        "UPDATE authly.clients SET enabled = false",
        "UPDATE authly.grants SET revoked_at = now()",
    ],
)
async def test_a_family_that_lost_its_user_client_or_grant_is_refused(
    database: Database, rotation: Rotation, owner: Any, change: str
) -> None:
    owner.execute(change)
    outcome = await refresh_tokens.rotate(database, rotation(0))
    assert outcome == RefreshRefused(RefreshRefusal.REVOKED)


async def test_a_family_can_be_started_apart_from_the_code(
    database: Database, new_code: NewCode, rotation: Rotation
) -> None:
    code = new_code(digest=b"2" * 32)
    await authorization_codes.issue(database, code, remember_consent=False)
    await refresh_tokens.start(database, code.grant_id, NewRefreshFamily(digest(0), ttl=60))
    outcome = await refresh_tokens.rotate(database, rotation(0, grant_id=code.grant_id))
    assert isinstance(outcome, Rotated)


async def test_a_grant_has_one_family_at_most(database: Database, grant_id: UUID) -> None:
    with pytest.raises(errors.Vanished):
        await refresh_tokens.start(database, grant_id, NewRefreshFamily(digest(0), ttl=60))


async def test_no_family_is_started_for_a_grant_that_is_gone(database: Database) -> None:
    with pytest.raises(errors.Vanished):
        await refresh_tokens.start(database, uuid4(), NewRefreshFamily(digest(0), ttl=60))
