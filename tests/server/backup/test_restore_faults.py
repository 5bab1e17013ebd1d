"""A restore that fails leaves the present database serving; one that was killed is finished."""

import base64
import gzip
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest
from tests.server.backup.test_backup import NAME, NOW, back_up, fetch
from tests.server.backup.test_restore_truth import wanted

from authly_server.backup import errors, job, manifest, names, restore
from authly_server.backup.bucket import Bucket
from authly_server.backup.directory import Directory
from authly_server.clock import SystemClock
from authly_server.storage import databases, migration, revisions
from authly_server.storage.fence import Revoke
from authly_server.storage.migrate import Connection
from throwaway import postgres as throwaway_postgres


KEY = job.Key(b"k" * 32, b"s" * 16)
GRANTS = "SELECT count(*) FROM authly.grants"
STEPS = ["PreBackup", "Fetch", "Checksum", "Load", "Migrate", "Fence", "Swap"]
SERVER = Path(__file__).parents[3] / "server"


@pytest.fixture(autouse=True)
def no_databases_are_left(postgres: throwaway_postgres.Cluster, instance: str) -> Any:
    """What a restore leaves on purpose goes with the test."""
    yield
    with psycopg.connect(postgres.superuser_url, autocommit=True) as connection:
        name = instance.rpartition("/")[2]
        found = connection.execute(
            "SELECT datname FROM pg_database WHERE datname LIKE %s", (f"{name}\\_%",)
        ).fetchall()
    for (left,) in found:
        postgres.drop_database(left)


def lose_grants(url: str) -> None:
    """What happens after the backup, and is undone by a restore."""
    fetch(url, "DELETE FROM authly.grants RETURNING 1")


def rewrite(path: Path, change: Callable[[bytes], bytes]) -> None:
    path.write_bytes(change(path.read_bytes()))


def damage(directory: Path, fault: str) -> None:
    """Harm a backup in one way."""
    backup, told = directory / NAME, directory / f"{NAME}.json"
    match fault:
        case "truncated":
            rewrite(backup, lambda whole: whole[: len(whole) // 2])
        case "changed":
            rewrite(backup, lambda whole: whole[:-1] + b"?")
        case "without its manifest":
            told.unlink()
        case "without its checksum":
            (directory / f"{NAME}.sha256").unlink()
        case "gone":
            backup.unlink()
        case "of a newer schema":
            newer = json.loads(told.read_text()) | {"schema_revision": revisions.latest() + 1}
            told.write_text(json.dumps(newer))
        case _:
            facts = json.loads(told.read_text())
            facts["counts"]["users"] += 1
            told.write_text(json.dumps(facts))


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("truncated", "cut off or changed"),
        ("changed", "cut off or changed"),
        ("without its manifest", "No such file"),
        ("without its checksum", "No such file"),
        ("gone", "No such file"),
        ("of a newer schema", "newer than this program's"),
        ("of other rows", "other rows than its manifest says: users"),
    ],
)
def test_a_backup_that_is_not_whole_changes_nothing(
    instance: str, tmp_path: Path, fault: str, said: str
) -> None:
    back_up(instance, Directory(tmp_path))
    damage(tmp_path, fault)
    with pytest.raises(errors.BackupError, match=said) as raised:
        restore.run(wanted(instance, file_name=NAME), Directory(tmp_path))
    assert "\n" not in str(raised.value)
    assert fetch(instance, GRANTS) == 5000


def test_another_key_and_none_change_nothing(instance: str, tmp_path: Path) -> None:
    back_up(instance, Directory(tmp_path), key=KEY)
    other = job.Key(b"o" * 32, b"s" * 16)
    with pytest.raises(errors.BackupError, match="another key"):
        restore.run(wanted(instance, key=other, safety_backup=False), Directory(tmp_path))
    with pytest.raises(errors.BackupError, match="BACKUP_ENCRYPTION_KEY must be set"):
        restore.run(wanted(instance, safety_backup=False), Directory(tmp_path))
    assert fetch(instance, GRANTS) == 5000


def test_a_dump_that_psql_refuses_changes_nothing(instance: str, tmp_path: Path) -> None:
    made = back_up(instance, Directory(tmp_path)).manifest
    with Directory(tmp_path).open(NAME) as upload:
        upload.write(content := gzip.compress(b"CREATE TABLE public.half ();\nSELECT 1 / 0;\n"))
        told = manifest.Manifest(
            **{name: getattr(made, name) for name in made.__slots__} | {"sha256": digest(content)}
        )
        upload.commit(told.sha256, manifest.text(told))
    with pytest.raises(errors.BackupError, match=r"psql: .*division by zero"):
        restore.run(wanted(instance), Directory(tmp_path))
    assert fetch(instance, GRANTS) == 5000


def digest(content: bytes) -> str:
    done = subprocess.run(["/usr/bin/sha256sum"], input=content, capture_output=True, check=True)
    return done.stdout.decode().split()[0]


def test_an_encrypted_backup_comes_back_from_a_bucket(instance: str, bucket: Bucket) -> None:
    back_up(instance, bucket, key=KEY)
    lose_grants(instance)
    done = restore.run(wanted(instance, key=KEY), bucket)
    assert done.manifest.encrypted
    assert fetch(instance, GRANTS) == 5000


def test_the_youngest_is_restored_where_none_is_named(instance: str, tmp_path: Path) -> None:
    with pytest.raises(errors.BackupError, match="there is no backup of shop"):
        restore.run(wanted(instance), Directory(tmp_path))
    back_up(instance, Directory(tmp_path))
    lose_grants(instance)
    later = back_up(instance, Directory(tmp_path), now=NOW.replace(year=2032)).manifest.file_name
    assert restore.run(wanted(instance), Directory(tmp_path)).manifest.file_name == later


@pytest.mark.parametrize("steps", [[None], STEPS], ids=["at-once", "step-by-step"])
def test_a_database_that_is_lost_comes_back_with_everything_revoked(
    instance: str,
    tmp_path: Path,
    postgres: throwaway_postgres.Cluster,
    steps: list[str | None],
) -> None:
    back_up(instance, Directory(tmp_path))
    postgres.drop_database(instance.rpartition("/")[2])
    every = [restore.run(wanted(instance, step=step), Directory(tmp_path)) for step in steps]
    done = every[-1]
    assert done.replaced is None
    assert done.revoke is Revoke.ALL
    assert fetch(instance, f"{GRANTS} WHERE revoked_at IS NULL") == 0
    assert fetch(instance, GRANTS) == 5000


def test_a_database_that_was_made_anew_since_knows_nothing_of_what_was_revoked(
    instance: str, tmp_path: Path, postgres: throwaway_postgres.Cluster
) -> None:
    name = back_up(instance, Directory(tmp_path), now=SystemClock().now()).manifest.file_name
    postgres.drop_database(instance.rpartition("/")[2])
    postgres.create_database(instance.rpartition("/")[2])
    migration.run(instance)
    done = restore.run(wanted(instance, file_name=name), Directory(tmp_path))
    assert done.replaced is not None
    assert done.revoke is Revoke.ALL
    assert fetch(instance, GRANTS) == 5000


def command(url: str, directory: Path) -> subprocess.Popen[str]:
    environ = {
        "DATABASE_URL": url,
        "BACKUP_DIRECTORY": str(directory),
        "BACKUP_NAME": "shop",
        "BACKUP_ENCRYPTION_KEY": base64.b64encode(KEY.key).decode(),
        "RESTORE_ID": "r1",
        "RESTORE_BACKUP": NAME,
        "PYTHONPATH": str(SERVER),
    }
    return subprocess.Popen(
        [sys.executable, "-m", "authly_server", "restore"],
        env=os.environ | environ,
        stdout=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize("step", STEPS)
def test_a_restore_that_was_killed_at_a_step_is_finished_by_the_next(
    instance: str, tmp_path: Path, step: str
) -> None:
    back_up(instance, Directory(tmp_path))
    lose_grants(instance)
    with command(instance, tmp_path) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if json.loads(line).get("step") == step:
                break
        process.kill()
    assert fetch(instance, GRANTS) == 0
    with command(instance, tmp_path) as again:
        lines = [json.loads(line) for line in again.communicate(timeout=60)[0].splitlines()]
    assert again.returncode == 0
    assert lines[-1]["event"] == "restored"
    assert fetch(instance, GRANTS) == 5000
    safe = [
        name for name in Directory(tmp_path).names() if names.parse("shop-before-restore", name)
    ]
    assert len(safe) in {1, 2}


def test_steps_that_run_each_by_itself_and_twice_are_one_restore(
    instance: str, tmp_path: Path
) -> None:
    back_up(instance, Directory(tmp_path))
    lose_grants(instance)
    for step in STEPS:
        for _ in range(2):
            done = restore.run(wanted(instance, file_name=NAME, step=step), Directory(tmp_path))
            assert fetch(instance, GRANTS) == (5000 if step == "Swap" else 0)
            assert (done.replaced is not None) is (step == "Swap")


def test_a_restore_that_was_killed_between_the_two_names_is_finished_by_the_next(
    instance: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    back_up(instance, Directory(tmp_path))
    lose_grants(instance)
    renaming = databases._rename  # where the kill falls

    def killed(connection: Connection, name: str, to: str) -> None:
        renaming(connection, name, to)
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(databases, "_rename", killed)
        with pytest.raises(KeyboardInterrupt):
            restore.run(wanted(instance), Directory(tmp_path))
    with pytest.raises(psycopg.OperationalError, match="does not exist"):
        psycopg.connect(instance)
    assert restore.run(wanted(instance), Directory(tmp_path)).replaced is not None
    assert fetch(instance, GRANTS) == 5000


def test_a_restore_that_is_done_is_not_done_again(instance: str, tmp_path: Path) -> None:
    back_up(instance, Directory(tmp_path))
    restore.run(wanted(instance), Directory(tmp_path))
    lose_grants(instance)
    restore.run(wanted(instance), Directory(tmp_path))
    assert fetch(instance, GRANTS) == 0


def test_an_owner_who_may_not_create_databases_is_told_so(
    instance: str, tmp_path: Path, postgres: throwaway_postgres.Cluster
) -> None:
    back_up(instance, Directory(tmp_path))
    with psycopg.connect(postgres.superuser_url, autocommit=True) as connection:
        connection.execute("ALTER ROLE owner NOCREATEDB")
        try:
            with pytest.raises(errors.BackupError, match="permission denied to create database"):
                restore.run(wanted(instance), Directory(tmp_path))
        finally:
            connection.execute("ALTER ROLE owner CREATEDB")
    assert fetch(instance, GRANTS) == 5000
