"""A restore takes the name of a database, whoever is connected to the one of before."""

import contextlib
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest
from tests.server.backup.test_backup import back_up, fetch
from tests.server.backup.test_restore_faults import GRANTS, lose_grants, no_databases_are_left
from tests.server.backup.test_restore_truth import wanted

from authly_server.backup import errors, restore
from authly_server.backup.directory import Directory
from authly_server.storage import databases
from throwaway import postgres as throwaway_postgres


__all__ = ["no_databases_are_left"]
AT_ONCE = 8


@contextlib.contextmanager
def coming_back(url: str) -> Iterator[None]:
    """Some who connect again as soon as they are sent away."""
    over = threading.Event()

    def stay() -> None:
        while not over.is_set():
            with contextlib.suppress(psycopg.OperationalError), psycopg.connect(url) as mine:
                while not over.is_set():
                    mine.execute("SELECT pg_sleep(0.05)")

    with ThreadPoolExecutor(AT_ONCE) as pool:
        found = [pool.submit(stay) for _ in range(AT_ONCE)]
        try:
            yield
        finally:
            over.set()
        for one in found:
            one.result()


def test_somebody_who_stays_connected_is_sent_away(instance: str, tmp_path: Path) -> None:
    back_up(instance, Directory(tmp_path))
    lose_grants(instance)
    with psycopg.connect(instance) as other:
        restore.run(wanted(instance), Directory(tmp_path))
        with pytest.raises(psycopg.OperationalError):
            other.execute("SELECT 1")
    assert fetch(instance, GRANTS) == 5000


def test_a_server_that_nobody_could_stop_is_kept_out_although_it_comes_back_at_once(
    instance: str, tmp_path: Path
) -> None:
    back_up(instance, Directory(tmp_path))
    lose_grants(instance)
    with coming_back(instance):
        restore.run(wanted(instance), Directory(tmp_path))
    assert fetch(instance, GRANTS) == 5000


def test_whoever_cannot_be_sent_away_is_named_and_the_former_database_serves(
    instance: str,
    tmp_path: Path,
    postgres: throwaway_postgres.Cluster,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(databases, "_SWAP_PATIENCE", 0.0)
    back_up(instance, Directory(tmp_path))
    lose_grants(instance)
    name = instance.rpartition("/")[2]
    with (
        psycopg.connect(postgres.superuser_url, dbname=name),
        pytest.raises(
            errors.BackupError, match=f"{name} stays in use, by process .* of role postgres:"
        ),
    ):
        restore.run(wanted(instance), Directory(tmp_path))
    assert fetch(instance, GRANTS) == 0
    restore.run(wanted(instance), Directory(tmp_path))
    assert fetch(instance, GRANTS) == 5000
