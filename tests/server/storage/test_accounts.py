"""Accounts as administrators change them: each change whole, recorded, and never the last one."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import pytest
from tests.server.storage.conftest import NewCode, Owner

from authly_server.model.account import Account, Changed, Profile, Refusal
from authly_server.model.actor import Actor
from authly_server.model.client import Client
from authly_server.model.user import User
from authly_server.storage import accounts, authorization_codes, sessions, signed_in, users
from authly_server.storage.accounts import Change
from authly_server.storage.pool import Database


BY = Actor("console", UUID(int=7))
EVE = Profile("eve@example.org", "eve")


async def make(database: Database, profile: Profile = EVE) -> Account:
    made = await accounts.create(database, profile, password_hash="a hash", by=BY)
    assert isinstance(made, Account)
    return made


async def alter(database: Database, was: Account, **changes: Any) -> Changed | Refusal:
    profile = Profile(was.email, was.username, was.is_verified, was.is_admin, was.enabled)
    return await accounts.change(database, Change(was, replace(profile, **changes)), by=BY)


@pytest.fixture
def recorded(owner: Owner) -> Callable[[str], object]:
    """What the audit log tells of the last event of that name."""
    return lambda event: owner.fetch(
        "SELECT detail || jsonb_build_object('of', user_id) FROM authly.audit_log"
        " WHERE event = %s ORDER BY id DESC LIMIT 1",
        event,
    )


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
    database: Database, recorded: Callable[[str], object]
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
    database: Database, recorded: Callable[[str], object]
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


@pytest.fixture
async def present(
    database: Database, owner: Owner, client: Client, user: User, new_code: NewCode
) -> Account:
    """Somebody with two sessions, and in one of them a grant by OpenID Connect and one without.

    The client wants to be told of the end of a session.
    """
    owner.apply_client(backchannel_logout_uri="https://shop.example/told")
    await make(database, Profile("other@example.org", "other", is_admin=True))
    started = [
        await sessions.start(database, digest=bytes([number]) * 32, user_id=user.id, ttl=600)
        for number in (1, 2)
    ]
    for number, scopes in enumerate(({"openid", "read"}, {"read"})):
        code = new_code(digest=bytes([number]) * 32, scopes=frozenset(scopes))
        await authorization_codes.issue(database, code, remember_consent=True)
        in_session = (
            "UPDATE authly.grants SET session_id = %s, authenticated_at = now(), acr = 'x'"
            " WHERE id = %s"
        )
        owner.execute(in_session, started[0].id, code.grant_id)
    ada = await accounts.find(database, user.id)
    assert ada is not None
    return ada


def counts(owner: Owner) -> tuple[int, int, int]:
    """Sessions, grants that are live, and clients that wait to be told."""
    return (
        owner.fetch("SELECT count(*) FROM authly.sessions"),
        owner.fetch("SELECT count(*) FROM authly.grants WHERE revoked_at IS NULL"),
        owner.fetch("SELECT count(*) FROM authly.logout_notices"),
    )


async def test_a_deleted_account_takes_everything_with_it_and_clients_are_told(
    database: Database, owner: Owner, present: Account
) -> None:
    assert counts(owner) == (2, 2, 0)
    removed = await accounts.remove(database, present.id, by=BY)
    assert isinstance(removed, Changed)
    assert removed.notices == 1
    assert counts(owner) == (0, 0, 1)
    for table in ("grants", "authorization_codes", "consents"):
        assert owner.fetch(f"SELECT count(*) FROM authly.{table}") == 0  # noqa: S608  # of constants


@pytest.mark.parametrize("change", ["disable", "password"])
async def test_whoever_is_disabled_or_gets_another_password_is_signed_out_everywhere(
    database: Database, owner: Owner, present: Account, change: str
) -> None:
    if change == "disable":
        changed: object = await alter(database, present, enabled=False)
    else:
        changed = await accounts.set_password(database, present.id, "another", by=BY)
    assert isinstance(changed, Changed)
    assert changed.notices == 1
    assert counts(owner) == (0, 0, 1)


async def test_another_change_signs_nobody_out(
    database: Database, owner: Owner, present: Account
) -> None:
    changed = await alter(database, present, username="countess", is_verified=False)
    assert isinstance(changed, Changed)
    assert counts(owner) == (2, 2, 0)


async def test_a_session_that_began_in_the_same_moment_as_its_person_was_disabled_ends_at_last(
    database: Database, owner: Owner, present: Account
) -> None:
    disabled = await alter(database, present, enabled=False)
    assert isinstance(disabled, Changed)
    await sessions.start(database, digest=b"9" * 32, user_id=present.id, ttl=600)
    await alter(database, disabled.account, enabled=True)
    assert counts(owner)[0] == 0


async def test_ending_sessions_is_signing_out_of_each(
    database: Database, owner: Owner, present: Account, recorded: Callable[[str], object]
) -> None:
    """What was granted in them without OpenID Connect stays."""
    first, second = await signed_in.find_sessions(database, present.id, None, 10)
    assert await signed_in.find_sessions(database, present.id, first.id, 10) == (second,)
    told = [await signed_in.end_session(database, each.id, by=BY) for each in (first, second)]
    assert sorted(map(str, told)) == ["0", "1"]
    assert counts(owner) == (0, 1, 1)
    by = {"client_id": "console", "user_id": str(BY.user_id)}
    detail = {"by": by, "of": str(present.id), "session_id": str(second.id)}
    assert recorded("session_ended") == detail


async def test_all_sessions_of_a_person_end_at_once_and_nobody_elses(
    database: Database, owner: Owner, present: Account
) -> None:
    eve = await make(database)
    await sessions.start(database, digest=b"e" * 32, user_id=eve.id, ttl=600)
    assert await signed_in.end_sessions(database, present.id, by=BY) == 1
    assert counts(owner) == (1, 1, 1)
    assert await signed_in.end_sessions(database, present.id, by=BY) == 0


async def test_a_session_that_is_over_is_neither_listed_nor_there_to_be_ended(
    database: Database, owner: Owner, present: Account
) -> None:
    [one, _] = await signed_in.find_sessions(database, present.id, None, 10)
    owner.execute("UPDATE authly.sessions SET expires_at = now() WHERE id = %s", one.id)
    assert len(await signed_in.find_sessions(database, present.id, None, 10)) == 1
    assert await signed_in.end_session(database, one.id, by=BY) is None


async def test_grants_are_listed_until_they_are_revoked(
    database: Database, owner: Owner, present: Account, recorded: Callable[[str], object]
) -> None:
    found = await signed_in.find_grants(database, present.id, None, 10)
    assert [each.client_id for each in found] == ["shop", "shop"]
    assert {each.scopes for each in found} == {("openid", "read"), ("read",)}
    assert await signed_in.find_grants(database, present.id, found[0].id, 1) == found[1:]
    assert await signed_in.revoke_grants(database, present.id, by=BY)
    assert await signed_in.find_grants(database, present.id, None, 10) == ()
    assert counts(owner) == (2, 0, 0)
    assert owner.fetch("SELECT count(*) FROM authly.audit_log WHERE event = 'grant_revoked'") == 2
    assert await signed_in.revoke_grants(database, present.id, by=BY)
    assert owner.fetch("SELECT count(*) FROM authly.audit_log WHERE event = 'grant_revoked'") == 2
