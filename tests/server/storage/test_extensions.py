"""Extensions that a migration creates, in a real PostgreSQL."""

import psycopg
import pytest

from authly_server.storage import errors, migration


def extensions(url: str) -> set[str]:
    with psycopg.connect(url) as connection:
        return {name for (name,) in connection.execute("SELECT extname FROM pg_extension")}


def test_a_migration_creates_extensions_once(empty_database_url: str) -> None:
    for _ in range(2):
        migration.run(empty_database_url, extensions=("citext", "pg_trgm"))

    assert {"citext", "pg_trgm"} <= extensions(empty_database_url)


def test_an_extension_that_is_asked_for_no_more_stays(empty_database_url: str) -> None:
    migration.run(empty_database_url, extensions=("citext",))
    migration.run(empty_database_url)

    assert "citext" in extensions(empty_database_url)


def test_an_unknown_extension_stops_the_migration_by_name(empty_database_url: str) -> None:
    with pytest.raises(errors.MigrationError, match='extension no-such: extension "no-such" is'):
        migration.run(empty_database_url, extensions=("no-such",))


def test_an_extension_that_the_owner_may_not_create_is_told(empty_database_url: str) -> None:
    with pytest.raises(errors.MigrationError, match="extension file_fdw: permission denied"):
        migration.run(empty_database_url, extensions=("file_fdw",))
