"""A database of another major version than this program's clients is backed up and comes back."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.server.backup.test_backup import NOW, back_up, fetch
from tests.server.backup.test_handed_dumps import NAME, Container
from tests.server.backup.test_restore_truth import wanted

from authly_server.backup import errors, handover, job, restore, verification
from authly_server.backup.directory import Directory
from authly_server.backup.handover import Places
from authly_server.storage import migration
from throwaway import newer_postgres
from throwaway.postgres import Cluster


PEOPLE = "SELECT count(*) FROM authly.users"
ADD = (
    "INSERT INTO authly.users (email, username, email_folded, username_folded, password_hash)"
    " VALUES ('ada@example.org', 'ädä', 'ada@example.org', 'ädä', 'x') RETURNING 1"
)


@pytest.fixture(scope="module")
def newer() -> Iterator[Cluster]:
    with newer_postgres.running() as cluster:
        yield cluster


@pytest.fixture(scope="module")
def database(newer: Cluster) -> str:
    """The owner's URL of a migrated database with somebody in it."""
    url = newer.create_database("authly")
    migration.run(url)
    fetch(url, ADD)
    return url


@pytest.fixture
def place(tmp_path: Path) -> Path:
    (tmp_path / "kept").mkdir()
    return tmp_path / "kept"


def dump(url: str, directory: Path, programs: Path) -> job.Backup:
    """By the programs of that image, and kept by this program."""
    places = Places(directory / "order", directory / "dumps")
    places.order.mkdir()
    places.dumps.mkdir()
    handover.prepare(url, None, places, begun_at=NOW)
    ended = Container(places, programs).run()
    assert ended.returncode == 0, ended.stderr
    handed = handover.read(places.dumps)
    return back_up(url, Directory(directory / "kept"), handed=handed)


def test_it_is_dumped_by_its_own_version_proved_and_restored(
    database: str, newer: Cluster, place: Path, tmp_path: Path
) -> None:
    made = dump(database, tmp_path, newer.programs).manifest
    assert made.postgres_version.startswith(f"{newer_postgres.MAJOR}.")
    assert verification.run(database, Directory(place), name="shop", key=None) == made

    fetch(database, "DELETE FROM authly.users RETURNING 1")
    asked = wanted(database, file_name=NAME, safety_backup=False)
    restore.run(asked, Directory(place))
    assert fetch(database, PEOPLE) == 1


def test_the_clients_of_this_image_are_too_old_for_it_and_say_what_to_do(
    database: str, place: Path, tmp_path: Path
) -> None:
    with pytest.raises(errors.BackupError) as raised:
        back_up(database, Directory(place))
    assert str(raised.value) == (
        f"the database is PostgreSQL {newer_postgres.MAJOR} and pg_dump here is 15: have an image"
        " of that version make the dump (authly-server prepare-backup)"
    )
    assert list(place.iterdir()) == []


def test_its_backup_is_not_brought_into_an_older_one(
    database: str, newer: Cluster, instance: str, place: Path, tmp_path: Path
) -> None:
    dump(database, tmp_path, newer.programs)
    said = rf"{NAME} was made from PostgreSQL 18, .* is PostgreSQL 15: restore it into"
    before = sorted(place.iterdir())
    with pytest.raises(errors.BackupError, match=said):
        verification.run(instance, Directory(place), name="shop", key=None)
    asked = wanted(instance, file_name=NAME, safety_backup=False)
    with pytest.raises(errors.BackupError, match=said):
        restore.run(asked, Directory(place))
    assert sorted(place.iterdir()) == before
    assert fetch(instance, PEOPLE) == 1
