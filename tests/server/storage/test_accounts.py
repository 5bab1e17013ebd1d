"""Accounts as administrators change them: each change whole, recorded, and never the last one."""

import asyncio
import json
from uuid import UUID, uuid4

import pytest
from tests.server.storage.administered import BY, EVE, alter, make
from tests.server.storage.conftest import Owner, Recorded

from authly_server.model.account import Account, Changed, Profile, Refusal
from authly_server.model.actor import Actor
from authly_server.model.user import User
from authly_server.storage import accounts, signed_in, users
from authly_server.storage.pool import Database


async def test_pages_hold_each_account_once_whatever_is_made_meanwhile(database: Database) -> None:
    made = {(await make(database, Profile(f"p{n}@example.org", f"p{n}"))).id for n in range(7)}
    found: list[UUID] = []
    after = None
    while page := await accounts.find_after(database, after, 3):
        found += [account.id for account in page]
        after = page[-1].id
        await make(database, Profile(f"late{len(found)}@example.org", f"late{len(found)}"))
    assert found == sorted(found)
    assert made <= set(found)
    assert len(found) == len(set(found))


@pytest.mark.parametrize(
    ("profile", "refusal"),
    [
        (Profile("EVE@example.org", "other"), Refusal.EMAIL_TAKEN),
        (Profile("\uff45ve@example.org", "other"), Refusal.EMAIL_TAKEN),
        (Profile("other@example.org", "E\uff36E"), Refusal.USERNAME_TAKEN),
    ],
)
async def test_a_name_that_folds_to_somebodys_is_taken(
    database: Database, profile: Profile, refusal: Refusal
) -> None:
    eve = await make(database)
    assert await accounts.create(database, profile, password_hash="x", by=BY) is refusal
    other = await make(database, Profile("third@example.org", "third"))
    taken = await alter(database, other, email=profile.email, username=profile.username)
    assert taken is refusal
    assert await accounts.find(database, other.id) == other
    assert await accounts.find(database, eve.id) == eve


async def test_an_account_is_found_by_either_of_its_names_in_any_spelling(
    database: Database,
) -> None:
    eve = await make(database)
    for login in ("eve", " EVE@EXAMPLE.ORG "):
        assert await accounts.find_after(database, None, 9, login=login) == (eve,)
    assert await accounts.find_after(database, None, 9, login="nobody") == ()
    assert await accounts.find_after(database, eve.id, 9, login="eve") == ()


async def test_a_change_is_recorded_with_who_made_it_and_without_any_address(
    database: Database, recorded: Recorded
) -> None:
    eve = await make(database)
    by = {"client_id": "console", "user_id": str(BY.user_id)}
    assert recorded("user_created") == {"by": by, "of": str(eve.id)}
    changed = await alter(database, eve, email="new@example.org", is_verified=True)
    assert isinstance(changed, Changed)
    assert (changed.account.email, changed.account.is_verified) == ("new@example.org", True)
    assert await users.find_by_login(database, "NEW@example.org") is not None
    told = recorded("user_changed")
    assert told == {"by": by, "of": str(eve.id), "changed": ["email", "is_verified"]}
    assert "@" not in json.dumps(told)


async def test_a_client_that_acts_for_nobody_is_recorded_as_itself(
    database: Database, recorded: Recorded
) -> None:
    made = await accounts.create(database, EVE, password_hash="x", by=Actor("robot"))
    assert isinstance(made, Account)
    assert recorded("user_created") == {"by": {"client_id": "robot"}, "of": str(made.id)}


async def test_of_two_changes_of_one_version_one_is_made(database: Database) -> None:
    eve = await make(database)
    outcomes = await asyncio.gather(
        *(alter(database, eve, username=f"eve{number}") for number in range(6))
    )
    made = [outcome for outcome in outcomes if isinstance(outcome, Changed)]
    assert len(made) == 1
    assert outcomes.count(Refusal.STALE) == 5
    assert await accounts.find(database, eve.id) == made[0].account


async def test_a_change_in_the_same_instant_is_another_version(
    database: Database, owner: Owner
) -> None:
    """The clock may go back as well."""
    eve = await make(database)
    ahead = "UPDATE authly.users SET updated_at = now() + interval '1 hour' WHERE id = %s"
    owner.execute(ahead, eve.id)
    eve = await accounts.find(database, eve.id) or eve
    changed = await alter(database, eve, is_verified=True)
    assert isinstance(changed, Changed)
    assert changed.account.updated_at > eve.updated_at
    assert await alter(database, eve, is_verified=False) is Refusal.STALE


@pytest.mark.parametrize("changes", [{"is_admin": False}, {"enabled": False}])
async def test_the_last_administrator_stays_one(
    database: Database, user: User, changes: dict[str, bool]
) -> None:
    ada = await accounts.find(database, user.id)
    assert ada is not None
    assert ada.is_admin
    # One who is disabled, or none, is no other administrator.
    await make(database, Profile("old@example.org", "old", is_admin=True, enabled=False))
    assert await alter(database, ada, **changes) is Refusal.LAST_ADMINISTRATOR
    assert await accounts.remove(database, ada.id, by=BY) is Refusal.LAST_ADMINISTRATOR
    assert await accounts.find(database, ada.id) == ada
    renamed = await alter(database, ada, username="countess")
    assert isinstance(renamed, Changed)
    await make(database, Profile("new@example.org", "new", is_admin=True))
    assert isinstance(await alter(database, renamed.account, **changes), Changed)


async def test_administrators_who_remove_each_other_at_once_leave_one(
    database: Database, owner: Owner
) -> None:
    for turn in range(10):
        pair = [
            await make(database, Profile(f"{turn}{name}@example.org", f"{turn}{name}", True, True))
            for name in ("a", "b", "c")
        ]
        outcomes = await asyncio.gather(
            alter(database, pair[0], is_admin=False),
            alter(database, pair[1], enabled=False),
            accounts.remove(database, pair[2].id, by=BY),
        )
        assert sorted(isinstance(each, Changed) for each in outcomes) == [False, True, True]
        assert outcomes.count(Refusal.LAST_ADMINISTRATOR) == 1
        left = "SELECT count(*) FROM authly.users WHERE is_admin AND enabled"
        assert owner.fetch(left) == 1
        owner.execute("DELETE FROM authly.users")


async def test_somebody_who_is_not_there_is_told_as_absent(database: Database) -> None:
    eve = await make(database)
    assert isinstance(await accounts.remove(database, eve.id, by=BY), Changed)
    assert await accounts.remove(database, eve.id, by=BY) is Refusal.ABSENT
    assert await alter(database, eve, username="ghost") is Refusal.ABSENT
    assert await accounts.set_password(database, eve.id, "x", by=BY) is Refusal.ABSENT
    assert await signed_in.end_sessions(database, eve.id, by=BY) is None
    assert await signed_in.end_session(database, uuid4(), by=BY) is None
    assert not await signed_in.revoke_grants(database, eve.id, by=BY)
