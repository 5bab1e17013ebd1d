"""A backup is good when it was restored, and not before."""

from pathlib import Path

import psycopg
import pytest
from tests.server.backup.test_backup import NOW, back_up, fetch
from tests.server.backup.test_restore_faults import GRANTS, KEY, damage

from authly_server.backup import errors, job, login, verification
from authly_server.backup.directory import Directory
from throwaway import postgres as throwaway_postgres


def databases_beside(postgres: throwaway_postgres.Cluster, url: str) -> list[str]:
    name = url.rpartition("/")[2]
    with psycopg.connect(postgres.superuser_url) as connection:
        found = connection.execute(
            "SELECT datname FROM pg_database WHERE datname LIKE %s", (f"{name}\\_%",)
        ).fetchall()
    return [row[0] for row in found]


def test_the_youngest_backup_is_restored_and_leaves_nothing_behind(
    instance: str, tmp_path: Path, postgres: throwaway_postgres.Cluster
) -> None:
    back_up(instance, Directory(tmp_path), key=KEY)
    later = back_up(instance, Directory(tmp_path), now=NOW.replace(year=2032), key=KEY).manifest
    fetch(instance, "DELETE FROM authly.grants RETURNING 1")
    told = verification.run(instance, Directory(tmp_path), name="shop", key=KEY)
    assert told == later
    assert fetch(instance, GRANTS) == 0
    assert databases_beside(postgres, instance) == []


def test_a_database_that_lets_nobody_in_is_not_verified(
    instance: str, tmp_path: Path, postgres: throwaway_postgres.Cluster
) -> None:
    break_tokens = "CREATE FUNCTION authly.none() RETURNS trigger LANGUAGE plpgsql AS"
    with psycopg.connect(instance, autocommit=True) as connection:
        connection.execute(f"{break_tokens} 'BEGIN RAISE EXCEPTION $$no$$; END'")
        connection.execute(
            "CREATE TRIGGER none BEFORE INSERT ON authly.clients"
            " FOR EACH ROW EXECUTE FUNCTION authly.none()"
        )
    back_up(instance, Directory(tmp_path))
    with pytest.raises(errors.BackupError) as raised:
        verification.run(instance, Directory(tmp_path), name="shop", key=None)
    assert "\n" not in str(raised.value)
    assert databases_beside(postgres, instance) == []


def test_a_login_names_the_issuer_that_it_was_told(instance: str) -> None:
    login.check(instance, instance.rpartition("/")[2], "https://login.example.com/tenant")
    client = "SELECT client_id FROM authly.clients WHERE owner LIKE 'verification/%'"
    assert fetch(instance, client).startswith("verification-")


@pytest.mark.parametrize("fault", ["truncated", "gone", "of other rows", "of another key"])
def test_a_backup_that_cannot_be_restored_is_not_verified(
    instance: str, tmp_path: Path, postgres: throwaway_postgres.Cluster, fault: str
) -> None:
    other = fault == "of another key"
    back_up(instance, Directory(tmp_path), key=KEY if other else None)
    if not other:
        damage(tmp_path, fault)
    key = job.Key(b"o" * 32, b"s" * 16)
    with pytest.raises(errors.BackupError):
        verification.run(instance, Directory(tmp_path), name="shop", key=key)
    assert databases_beside(postgres, instance) == []
