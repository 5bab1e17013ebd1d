"""What people have by signing in ends as a whole, also what begins at the same moment."""

import asyncio
import time
from collections.abc import Callable, Coroutine
from dataclasses import replace
from typing import Any

import psycopg
import pytest
from tests.server.storage.administered import BY, alter, counts, make
from tests.server.storage.conftest import NewCode, Owner, Recorded

from authly_server.model.account import Account, Changed, Profile, Refusal
from authly_server.model.client import Client
from authly_server.model.user import User
from authly_server.storage import (
    accounts,
    applications,
    authorization_codes,
    errors,
    sessions,
    signed_in,
    users,
)
from authly_server.storage.pool import Database


Change = Callable[[Database, User], Coroutine[Any, Any, object]]


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


async def test_nobody_who_is_disabled_begins_a_session_and_what_there_is_ends_at_last(
    database: Database, owner: Owner, present: Account
) -> None:
    """A server of a version before this one may still let them begin."""
    disabled = await alter(database, present, enabled=False)
    assert isinstance(disabled, Changed)
    with pytest.raises(errors.Vanished):
        await sessions.start(database, digest=b"9" * 32, user_id=present.id, ttl=600)
    owner.execute(
        "INSERT INTO authly.sessions (digest, user_id, acr, expires_at)"
        " VALUES (sha256('x'), %s, 'x', now() + interval '1 day')",
        present.id,
    )
    await alter(database, disabled.account, enabled=True)
    assert counts(owner)[0] == 0


async def test_ending_sessions_is_signing_out_of_each(
    database: Database, owner: Owner, present: Account, recorded: Recorded
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
    database: Database, owner: Owner, present: Account, recorded: Recorded
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


async def wait_until_held(owner: Owner) -> None:
    """Until a statement waits for somebody else's."""
    waiting = (
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
        " AND cardinality(pg_blocking_pids(pid)) > 0"
    )
    deadline = time.monotonic() + 60
    while not await asyncio.to_thread(owner.fetch, waiting):
        assert time.monotonic() < deadline
        await asyncio.sleep(0.01)


BEGUN = (
    "WITH person AS (SELECT id FROM authly.users WHERE id = %s FOR SHARE)"
    " INSERT INTO authly.sessions (digest, user_id, acr, expires_at)"
    " SELECT sha256('late'), id, 'x', now() + interval '1 day' FROM person"
)


@pytest.mark.parametrize(
    "taken",
    ["password_hash = 'another'", "enabled = false", "password_hash = 'a', enabled = false"],
)
async def test_a_session_waits_for_who_is_taking_what_it_is_by_and_does_not_begin(
    database: Database, owner: Owner, present: Account, taken: str
) -> None:
    """The password was right when it was looked at."""
    async with await psycopg.AsyncConnection.connect(owner.url) as changing:
        statement = f"UPDATE authly.users SET {taken} WHERE id = %s"  # noqa: S608  # of constants
        await changing.execute(statement.encode(), (present.id,))
        begun = asyncio.create_task(
            sessions.start(
                database,
                digest=b"l" * 32,
                user_id=present.id,
                ttl=60,
                password_hash="a hash",  # a hash
            )
        )
        await wait_until_held(owner)
        await changing.commit()
    with pytest.raises(errors.Vanished):
        await begun


async def disable(database: Database, user: User) -> object:
    account = await accounts.find(database, user.id)
    assert account is not None
    return await alter(database, account, enabled=False)


async def set_password(database: Database, user: User) -> object:
    return await accounts.set_password(database, user.id, "another", by=BY)


async def replace_password(database: Database, user: User) -> object:
    return await users.replace_password(database, user, "another")


async def change_password(database: Database, user: User) -> object:
    """In the first of their sessions, which another one replaces."""
    named: dict[str, Any] = {"present": b"\1" * 32, "digest": b"n" * 32}
    return await users.change_password(database, user, "another", ttl=60, **named)


@pytest.mark.parametrize(
    ("change", "left"),
    [(disable, 0), (set_password, 0), (replace_password, 0), (change_password, 1)],
)
@pytest.mark.usefixtures("present")
async def test_a_session_that_is_just_beginning_ends_with_all_others(
    database: Database, owner: Owner, user: User, change: Change, left: int
) -> None:
    async with await psycopg.AsyncConnection.connect(owner.url) as beginning:
        await beginning.execute(BEGUN, (user.id,))
        taking = asyncio.create_task(change(database, user))
        await wait_until_held(owner)
        await beginning.commit()
    assert not isinstance(await taking, Refusal | None)
    assert counts(owner)[:2] == (left, 0)


GRANTED = (
    "INSERT INTO authly.grants (id, client_id, user_id, scopes)"
    " SELECT gen_random_uuid(), client_id, user_id, scopes FROM authly.grants LIMIT 1"
)


async def test_what_is_just_being_granted_is_withdrawn_with_the_rest(
    database: Database, owner: Owner, present: Account, client: Client
) -> None:
    async with await psycopg.AsyncConnection.connect(owner.url) as granting:
        await granting.execute(GRANTED)
        taking = asyncio.create_task(
            applications.withdraw(database, user_id=present.id, client_id=client.id)
        )
        await wait_until_held(owner)
        await granting.commit()
    assert await taking == 1
    assert counts(owner) == (2, 0, 1)


async def test_a_password_is_changed_in_a_live_session_and_by_the_present_one_only(
    database: Database, owner: Owner, present: Account, user: User
) -> None:
    for stale, digest in ((user, b"?"), (replace(user, password_hash="former"), b"\1")):
        named: dict[str, Any] = {"present": digest * 32, "digest": b"n" * 32}
        assert await users.change_password(database, stale, "another", ttl=60, **named) is None
    assert counts(owner) == (2, 2, 0)
