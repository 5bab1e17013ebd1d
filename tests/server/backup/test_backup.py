"""A backup from end to end: made, found whole, restored; or failed, and nowhere to be seen."""

import gzip
import hashlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

from authly_server.backup import bucket as backup_bucket, dump, errors, job
from authly_server.backup.bucket import Bucket
from authly_server.backup.destination import Destination
from authly_server.backup.directory import Directory
from authly_server.storage import migration
from throwaway import ports, postgres as throwaway_postgres, s3 as throwaway_s3, small_disk


NOW = datetime(2031, 5, 6, 7, 8, 9, tzinfo=UTC)
NAME = "shop-20310506T070809Z.sql.gz"
UNREACHABLE = "postgresql://owner:hunter2@127.0.0.1:1/authly"
Read = Callable[[str], bytes]


def back_up(url: str, destination: Destination, *, now: datetime = NOW, **more: Any) -> job.Backup:
    return job.run(url, destination, name="shop", retention_days=30, now=now, **more)


def restore(compressed: bytes, url: str) -> None:
    """As an operator of the database would: psql in one transaction, stopping at any error."""
    subprocess.run(  # noqa: S603
        [throwaway_postgres.PROGRAMS / "psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-1", url],
        input=gzip.decompress(compressed),
        check=True,
        stdout=subprocess.DEVNULL,
    )


def fetch(url: str, statement: str) -> Any:
    with psycopg.connect(url, autocommit=True) as connection:
        row = connection.execute(statement.encode()).fetchone()
    return None if row is None else row[0]


COUNTS = """
SELECT jsonb_object_agg(relname, (xpath('/row/n/text()', query_to_xml(
    format('SELECT count(*) AS n FROM %I.%I', nspname, relname), false, true, '')))[1]::text)
FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
WHERE nspname = 'authly' AND relkind = 'r'
"""


@pytest.fixture(params=["directory", "bucket"])
def place(request: pytest.FixtureRequest) -> tuple[Destination, Read]:
    """A destination, and how to read what is there without asking it."""
    destination = request.getfixturevalue(request.param)
    if isinstance(destination, Directory):
        path: Path = request.getfixturevalue("tmp_path")
        return destination, lambda name: (path / name).read_bytes()
    assert isinstance(destination, Bucket)

    def read(name: str) -> bytes:
        answer = destination.client.get_object(Bucket=destination.name, Key=f"database/{name}")
        with answer["Body"] as body:
            return body.read()

    return destination, read


def test_a_backup_restores_into_an_empty_database(
    instance: str, empty_database_url: str, place: tuple[Destination, Read]
) -> None:
    destination, read = place
    made = back_up(instance, destination)
    assert made.manifest.file_name == NAME
    restore(read(NAME), empty_database_url)
    counts = fetch(instance, COUNTS)
    assert counts["grants"] == "5000"
    assert fetch(empty_database_url, COUNTS) == counts
    assert fetch(empty_database_url, "SELECT username FROM authly.users") == "ädä"
    observe = "SELECT authly_api.observe_client('shop')"
    assert fetch(empty_database_url, observe) == fetch(instance, observe)


def test_a_restored_database_is_migrated_and_written_to_as_before(
    instance: str, empty_database_url: str, directory: Directory, tmp_path: Path
) -> None:
    back_up(instance, directory)
    restore((tmp_path / NAME).read_bytes(), empty_database_url)
    assert migration.run(empty_database_url).applied == ()
    apply = (
        'SELECT authly_api.apply_scope(\'{"name": "orders", "owner": "a/b"}\', %d) ->> \'outcome\''
    )
    with pytest.raises(psycopg.Error, match="epoch"):
        fetch(empty_database_url, apply % 2)
    assert fetch(empty_database_url, apply % 3) == "Created"
    indexes = "SELECT count(*) FROM pg_indexes WHERE schemaname = 'authly'"
    assert fetch(empty_database_url, indexes) == fetch(instance, indexes)


def test_a_backup_restores_over_what_is_there(
    instance: str, directory: Directory, tmp_path: Path
) -> None:
    back_up(instance, directory)
    fetch(instance, "DELETE FROM authly.grants RETURNING 1")
    restore((tmp_path / NAME).read_bytes(), instance)
    assert fetch(instance, "SELECT count(*) FROM authly.grants") == 5000


def test_the_checksum_beside_a_backup_is_its_own(
    instance: str, place: tuple[Destination, Read]
) -> None:
    destination, read = place
    made = back_up(instance, destination)
    content = read(NAME)
    assert made.manifest.sha256 == hashlib.sha256(content).hexdigest()
    assert made.manifest.size == len(content)
    assert read(f"{NAME}.sha256") == f"{made.manifest.sha256}  {NAME}\n".encode()


def test_a_backup_in_a_directory_is_for_its_owner_only(
    instance: str, directory: Directory, tmp_path: Path
) -> None:
    back_up(instance, directory)
    assert (tmp_path / NAME).stat().st_mode & 0o777 == 0o600


def test_a_failed_dump_leaves_nothing_and_lets_nothing_go(
    place: tuple[Destination, Read], instance: str
) -> None:
    destination, _ = place
    back_up(instance, destination, now=NOW - timedelta(days=50))
    back_up(instance, destination, now=NOW - timedelta(days=40))
    before = destination.names()
    with pytest.raises(errors.BackupError) as raised:
        back_up(UNREACHABLE, destination)
    assert destination.names() == before
    assert "\n" not in str(raised.value)
    assert "hunter2" not in str(raised.value)


def test_a_dump_that_breaks_off_in_the_middle_leaves_nothing(
    instance: str, place: tuple[Destination, Read], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    destination, _ = place
    programs = tmp_path / "programs"
    programs.mkdir()
    fake = programs / "pg_dump"
    fake.write_text("#!/bin/sh\necho 'CREATE TABLE half'\necho 'no space left' >&2\nexit 1\n")
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
    with pytest.raises(errors.BackupError, match=r"^no space left$"):
        back_up(instance, destination)
    assert [name for name in destination.names() if "sql" in name] == []


def test_a_backup_that_is_told_to_end_leaves_nothing(
    instance: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    programs, backups = tmp_path / "programs", tmp_path / "backups"
    programs.mkdir()
    backups.mkdir()
    fake = programs / "pg_dump"
    fake.write_text("#!/bin/sh\necho 'CREATE TABLE half'\nexec sleep 60\n")
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[3] / "server"))
    monkeypatch.setenv("DATABASE_URL", instance)
    monkeypatch.setenv("BACKUP_DIRECTORY", str(backups))
    process = subprocess.Popen([sys.executable, "-m", "authly_server", "backup"])
    deadline = time.monotonic() + 90
    while not list(backups.iterdir()) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert [path.suffix for path in backups.iterdir()] == [".partial"]
    process.terminate()
    assert process.wait(timeout=10) == 128 + signal.SIGTERM
    assert list(backups.iterdir()) == []


def test_an_upload_that_fails_leaves_no_parts_behind(instance: str, bucket: Bucket) -> None:
    with pytest.raises(errors.BackupError):
        back_up(UNREACHABLE, bucket)
    uploads = bucket.client.list_multipart_uploads(Bucket=bucket.name)
    assert uploads.get("Uploads", []) == []
    assert instance


def test_a_large_backup_goes_up_in_several_parts(
    bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backup_bucket, "_PART", 5 * 1024 * 1024)  # the least that S3 takes
    content = os.urandom(12 * 1024 * 1024)
    with bucket.open(NAME) as upload:
        for start in range(0, len(content), 1024 * 1024):
            upload.write(content[start : start + 1024 * 1024])
        upload.commit("0" * 64, "{}")
    answer = bucket.client.get_object(Bucket=bucket.name, Key=f"database/{NAME}")
    with answer["Body"] as body:
        assert body.read() == content
    assert answer["ETag"].strip('"').endswith("-3")


def test_a_bucket_keeps_backups_where_seldom_read_things_are_unless_told_otherwise(
    instance: str, bucket: Bucket
) -> None:
    classes: list[object] = []

    def sent(request: Any, **_: object) -> None:
        classes.append(request.headers["x-amz-storage-class"])

    bucket.client.meta.events.register("before-send.s3.CreateMultipartUpload", sent)
    back_up(instance, bucket)
    assert classes == [b"STANDARD_IA"]


def test_old_backups_go_with_their_checksums_and_nothing_else_does(
    instance: str, place: tuple[Destination, Read]
) -> None:
    destination, _ = place
    back_up(instance, destination, now=NOW - timedelta(days=31))
    back_up(instance, destination, now=NOW - timedelta(days=29))
    job.run(instance, destination, name="other", retention_days=30, now=NOW - timedelta(days=31))
    made = back_up(instance, destination)
    assert made.deleted == ("shop-20310405T070809Z.sql.gz",)
    kept = ["other-20310405T070809Z", "shop-20310407T070809Z", "shop-20310506T070809Z"]
    expected = [f"{name}.sql.gz{suffix}" for name in kept for suffix in ("", ".json", ".sha256")]
    assert sorted(destination.names()) == expected


def test_no_password_is_in_the_command_line(instance: str) -> None:
    variables = dump.environment(instance, {"PATH": "/bin", "JWT_SECRET_KEY": "x"})
    assert variables["PGPASSWORD"] == throwaway_postgres.PASSWORD
    assert variables["PGDATABASE"].startswith("authly_")
    assert "JWT_SECRET_KEY" not in variables
    assert not any(throwaway_postgres.PASSWORD in word for word in dump.COMMAND)


def test_a_url_that_cannot_be_read_is_one_line_without_the_password() -> None:
    with pytest.raises(errors.BackupError, match="cannot be read") as raised:
        dump.environment("postgresql://a:hunter2@[x/db", {})
    assert "hunter2" not in str(raised.value)


def test_a_missing_pg_dump_is_one_line(
    instance: str, directory: Directory, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(errors.BackupError, match="pg_dump cannot be started"):
        back_up(instance, directory)
    assert list(tmp_path.iterdir()) == []


def test_a_directory_that_is_not_there_is_one_line(instance: str, tmp_path: Path) -> None:
    with pytest.raises(errors.BackupError, match="No such file"):
        back_up(instance, Directory(tmp_path / "missing"))


def test_a_full_disk_is_one_line_and_leaves_nothing(
    instance: str, directory: Directory, tmp_path: Path
) -> None:
    with small_disk.mounted(tmp_path, "64k"):
        with pytest.raises(errors.BackupError, match="No space left on device") as raised:
            back_up(instance, directory)
        assert list(tmp_path.iterdir()) == []
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("fault", ["bucket", "credentials", "server"])
def test_a_bucket_that_refuses_is_one_line(
    s3_server: throwaway_s3.Gateway, bucket_name: str, instance: str, fault: str
) -> None:
    port = ports.free_port()
    wrong = Bucket(
        "nowhere" if fault == "bucket" else bucket_name,
        endpoint=f"http://127.0.0.1:{port}" if fault == "server" else s3_server.endpoint,
        region=throwaway_s3.REGION,
        access_key_id=throwaway_s3.ACCESS_KEY_ID,
        secret_access_key="wrong" if fault == "credentials" else throwaway_s3.SECRET_ACCESS_KEY,
    )
    with pytest.raises(errors.BackupError) as raised:
        back_up(instance, wrong)
    assert "\n" not in str(raised.value)
