"""An application that somebody has thrown out since a backup is not let in again by its restore."""

from collections.abc import Iterator

import psycopg
import pytest
from psycopg import conninfo

from authly_server.clock import SystemClock
from authly_server.storage import applications, fence
from authly_server.storage.pool import Database
from throwaway import registration
from throwaway.postgres import Cluster


PEOPLE, CLIENTS = ("ada@example.org", "bob@example.org"), ("kept", "thrown-out", "let-in-again")
_CONSENT = """
INSERT INTO authly.consents (user_id, client_id, scopes)
SELECT users.id, clients.id, '{read}' FROM authly.users, authly.clients
WHERE email = %s AND clients.client_id = %s
"""
_CONSENTS = """
SELECT email, clients.client_id FROM authly.consents
JOIN authly.users ON users.id = user_id JOIN authly.clients ON clients.id = consents.client_id
"""


def execute(url: str, statement: str, *parameters: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(statement.encode(), parameters)


def consents(url: str) -> set[tuple[str, str]]:
    """Who let which application in."""
    with psycopg.connect(url, autocommit=True) as connection:
        return set(connection.execute(_CONSENTS).fetchall())


async def withdraw(url: str, email: str, client_id: str) -> None:
    named = "SELECT users.id, clients.id FROM authly.users, authly.clients WHERE email = %s"
    with psycopg.connect(url, autocommit=True) as connection:
        found = connection.execute(
            named.encode() + b" AND clients.client_id = %s", (email, client_id)
        ).fetchone()
    assert found is not None
    database = await Database.open(url, minimum=1, maximum=2, timeout=10)
    try:
        await applications.withdraw(database, user_id=found[0], client_id=found[1])
    finally:
        await database.close()


@pytest.fixture
def then(database_url: str, postgres: Cluster) -> Iterator[str]:
    """The database as it was at the backup: everybody had let everything in."""
    for email in PEOPLE:
        registration.add_user(database_url, email)
    for client_id in CLIENTS:
        registration.apply_client(database_url, client_id=client_id)
    for email in PEOPLE:
        for client_id in CLIENTS:
            execute(database_url, _CONSENT, email, client_id)
    name = str(conninfo.conninfo_to_dict(database_url)["dbname"])
    yield postgres.create_database(f"{name}_then", template=name)
    postgres.drop_database(f"{name}_then")


async def test_what_was_withdrawn_since_the_backup_is_asked_for_again(
    database_url: str, then: str
) -> None:
    await withdraw(database_url, "ada@example.org", "thrown-out")
    await withdraw(database_url, "ada@example.org", "let-in-again")
    execute(database_url, _CONSENT, "ada@example.org", "let-in-again")
    begun_at = SystemClock().now()
    for _ in range(2):  # a restore may be begun anew half-way
        fence.apply(then, database_url, begun_at=begun_at, revoke=fence.Revoke.NONE)
        assert consents(then) == {
            ("ada@example.org", "kept"),
            *(("bob@example.org", client_id) for client_id in CLIENTS),
        }


async def test_what_was_withdrawn_is_known_to_a_second_restore_of_the_same_backup(
    database_url: str, then: str, postgres: Cluster
) -> None:
    name = str(conninfo.conninfo_to_dict(then)["dbname"])
    again = postgres.create_database(f"{name}_again", template=name)
    try:
        await withdraw(database_url, "ada@example.org", "thrown-out")
        begun_at = SystemClock().now()
        fence.apply(then, database_url, begun_at=begun_at, revoke=fence.Revoke.NONE)
        fence.apply(again, then, begun_at=begun_at, revoke=fence.Revoke.NONE)
        assert ("ada@example.org", "thrown-out") not in consents(again)
        assert len(consents(again)) == len(PEOPLE) * len(CLIENTS) - 1
    finally:
        postgres.drop_database(f"{name}_again")


async def test_what_was_withdrawn_and_agreed_to_again_before_the_backup_stays(
    database_url: str, postgres: Cluster
) -> None:
    registration.add_user(database_url, PEOPLE[0])
    registration.apply_client(database_url, client_id="kept")
    execute(database_url, _CONSENT, PEOPLE[0], "kept")
    await withdraw(database_url, PEOPLE[0], "kept")
    execute(database_url, _CONSENT, PEOPLE[0], "kept")
    name = str(conninfo.conninfo_to_dict(database_url)["dbname"])
    later = postgres.create_database(f"{name}_later", template=name)
    try:
        begun_at = SystemClock().now()
        fence.apply(later, database_url, begun_at=begun_at, revoke=fence.Revoke.NONE)
        assert consents(later) == {(PEOPLE[0], "kept")}
    finally:
        postgres.drop_database(f"{name}_later")
