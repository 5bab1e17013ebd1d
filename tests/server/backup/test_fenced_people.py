"""What was taken from people since a backup is not given back to them by a restore of it."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import psycopg
import pytest
from psycopg import conninfo

from authly_server.clock import SystemClock
from authly_server.model.account import Account, Changed, Profile
from authly_server.model.actor import Actor
from authly_server.storage import accounts, fence
from authly_server.storage.accounts import Change
from authly_server.storage.pool import Database
from throwaway.postgres import Cluster


BY = Actor("console")
STATE = "SELECT username, enabled, is_admin FROM authly.users ORDER BY username"
NAMES = ("admin", "deleted", "demoted", "disabled", "same")


def read(url: str) -> dict[str, tuple[bool, bool]]:
    """By username whether somebody is enabled, and an administrator."""
    with psycopg.connect(url, autocommit=True) as connection:
        rows = connection.execute(STATE).fetchall()
    return {username: (enabled, is_admin) for username, enabled, is_admin in rows}


@dataclass(frozen=True)
class Times:
    """A database now, with everybody of NAMES in it as an administrator, and as it was then."""

    now: Database
    then: str
    people: dict[str, Account]

    async def change(self, name: str, **changes: Any) -> None:
        was = self.people[name]
        wanted = Profile(was.email, was.username, **{"is_admin": True, **changes})
        assert isinstance(await accounts.change(self.now, Change(was, wanted), by=BY), Changed)

    async def remove(self, name: str) -> None:
        removed = await accounts.remove(self.now, self.people[name].id, by=BY)
        assert isinstance(removed, Changed)

    def restore(self) -> dict[str, tuple[bool, bool]]:
        """What people are after the restore of the one then in the place of the one now."""
        begun_at = SystemClock().now()
        fence.apply(self.then, self.now.url, begun_at=begun_at, revoke=fence.Revoke.NONE)
        return read(self.then)


async def _make(database: Database, name: str) -> Account:
    profile = Profile(f"{name}@example.org", name, is_admin=True)
    made = await accounts.create(database, profile, password_hash="x", by=BY)
    assert isinstance(made, Account)
    return made


@pytest.fixture
async def times(database_url: str, postgres: Cluster) -> AsyncIterator[Times]:
    name = str(conninfo.conninfo_to_dict(database_url)["dbname"])
    database = await Database.open(database_url, minimum=1, maximum=2, timeout=10)
    people = {each: await _make(database, each) for each in NAMES}
    await database.close()
    then = postgres.create_database(f"{name}_then", template=name)
    database = await Database.open(database_url, minimum=1, maximum=2, timeout=10)
    yield Times(database, then, people)
    await database.close()
    postgres.drop_database(f"{name}_then")


async def test_who_was_disabled_demoted_or_deleted_since_the_backup_gets_nothing_back(
    times: Times,
) -> None:
    await times.change("disabled", enabled=False)
    await times.change("demoted", is_admin=False)
    await times.remove("deleted")
    await _make(times.now, "late")
    assert times.restore() == {
        "admin": (True, True),
        "deleted": (False, False),
        "demoted": (True, False),
        "disabled": (False, True),
        "same": (True, True),
    }
    assert times.restore() == read(times.then)


async def test_who_has_more_now_has_what_the_backup_says(times: Times) -> None:
    with psycopg.connect(times.then, autocommit=True) as connection:
        connection.execute("UPDATE authly.users SET enabled = false, is_admin = username = 'admin'")
    assert times.restore() == {name: (False, name == "admin") for name in NAMES}


async def test_administrators_come_back_where_none_would_be_left(times: Times) -> None:
    """The one who has made an end of all others was not there yet."""
    await _make(times.now, "late")
    for name in ("admin", "same", "deleted"):
        await times.remove(name)
    await times.change("demoted", is_admin=False)
    await times.change("disabled", enabled=False)
    assert times.restore() == dict.fromkeys(NAMES, (True, True))


async def test_a_person_of_another_database_is_another_one(
    times: Times, postgres: Cluster, migrated_template: str
) -> None:
    """As where a server moves, or was lost and made anew."""
    other = postgres.create_database("people_elsewhere", template=migrated_template)
    database = await Database.open(other, minimum=1, maximum=2, timeout=10)
    try:
        await _make(database, "admin")
        await _make(database, "other")
        begun_at = SystemClock().now()
        fence.apply(times.then, other, begun_at=begun_at, revoke=fence.Revoke.NONE)
        assert read(times.then) == dict.fromkeys(NAMES, (True, True))
    finally:
        await database.close()
        postgres.drop_database("people_elsewhere")
