"""A database belongs to one AuthlyServer, and another one's migration leaves it as it is."""

import psycopg
import pytest
from psycopg import conninfo, sql

from authly_server.storage import errors, migration
from authly_server.storage.claim import Claimant
from throwaway import postgres as throwaway_postgres


FIRST = Claimant(owner="shop/main", uid="1")
SECOND = Claimant(owner="bank/main", uid="2")


def claim(url: str) -> tuple[str, str] | None:
    with psycopg.connect(url) as connection:
        return connection.execute("SELECT owner, uid FROM authly.instance_claim").fetchone()


def test_who_comes_second_is_refused_and_changes_no_password(
    postgres: throwaway_postgres.Cluster, empty_database_url: str
) -> None:
    database = str(conninfo.conninfo_to_dict(empty_database_url)["dbname"])
    role = conninfo.make_conninfo(empty_database_url, user=f"{database}_server", password="first")
    migration.run(empty_database_url, server_url=role, claimant=FIRST)
    try:
        with pytest.raises(errors.MigrationError, match="belongs to AuthlyServer shop/main"):
            migration.run(
                empty_database_url, server_url=role.replace("first", "second"), claimant=SECOND
            )
        psycopg.connect(role).close()
        assert claim(empty_database_url) == ("shop/main", "1")
    finally:
        postgres.drop_database(database)
        postgres.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(f"{database}_server")))


def test_a_server_that_was_created_again_finds_its_database(empty_database_url: str) -> None:
    migration.run(empty_database_url, claimant=FIRST)
    migration.run(empty_database_url, claimant=Claimant(owner="shop/main", uid="3"))
    assert claim(empty_database_url) == ("shop/main", "3")


@pytest.mark.parametrize(
    ("taken_from", "owner"), [("shop/main", "bank/main"), ("x/y", "shop/main")]
)
def test_a_database_is_taken_over_from_the_one_that_is_named(
    empty_database_url: str, taken_from: str, owner: str
) -> None:
    migration.run(empty_database_url, claimant=FIRST)
    wanted = Claimant(owner="bank/main", uid="2", taken_from=taken_from)
    try:
        migration.run(empty_database_url, claimant=wanted)
    except errors.MigrationError:
        assert taken_from != "shop/main"
    assert (claim(empty_database_url) or ("", ""))[0] == owner


def test_who_asks_for_no_claim_takes_none(empty_database_url: str) -> None:
    migration.run(empty_database_url)
    assert claim(empty_database_url) is None
    migration.run(empty_database_url, claimant=SECOND)
    migration.run(empty_database_url)
    assert claim(empty_database_url) == ("bank/main", "2")
