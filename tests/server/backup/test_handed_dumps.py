"""A dump by the database's own pg_dump, in a container beside this program, is a backup like any.

The script that this container runs is run here by `sh`, with programs of PostgreSQL in its PATH.
"""

import gzip
import hashlib
import json
import os
import signal
import subprocess
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.server.backup.test_backup import fetch, restore
from tests.server.backup.test_restore_faults import KEY

from authly_server.backup import encryption, errors, handover, job
from authly_server.backup.directory import Directory
from authly_server.backup.handover import Places
from authly_server.storage import revisions
from throwaway import postgres as throwaway_postgres, small_disk


NOW = datetime(2031, 5, 6, 7, 8, 9, tzinfo=UTC)
NAME = "shop-20310506T070809Z.sql.gz"
GRANTS = "SELECT count(*) FROM authly.grants"


@dataclass(frozen=True)
class Container:
    """Stands for a pod's: what it shares with others, and the programs of its image."""

    places: Places
    programs: Path = throwaway_postgres.PROGRAMS

    def started(self) -> "subprocess.Popen[str]":
        return subprocess.Popen(  # noqa: S603
            ["/bin/sh", self.places.order / "run"],
            env={"PATH": f"{self.programs}:{os.environ['PATH']}"},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self) -> "subprocess.CompletedProcess[str]":
        with self.started() as process:
            out, err = process.communicate(timeout=120)
        return subprocess.CompletedProcess(process.args, process.returncode, out, err)


@pytest.fixture
def container(tmp_path: Path) -> Container:
    places = Places(tmp_path / "order", tmp_path / "dumps")
    places.order.mkdir()
    places.dumps.mkdir()
    return Container(places)


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    """Where backups are kept."""
    (tmp_path / "kept").mkdir()
    return tmp_path / "kept"


def take(container: Container, url: str, kept: Path, key: job.Key | None = None) -> job.Backup:
    handed = handover.read(container.places.dumps)
    later = NOW + timedelta(hours=1)
    return job.run(
        url, Directory(kept), name="shop", retention_days=30, now=later, key=key, handed=handed
    )


def test_a_dump_that_was_handed_over_is_a_whole_backup_of_the_moment_it_was_asked_for(
    instance: str, empty_database_url: str, container: Container, kept: Path
) -> None:
    handover.prepare(instance, None, container.places, begun_at=NOW)
    ended = container.run()
    assert (ended.returncode, ended.stderr) == (0, "")
    told = json.loads(ended.stdout.splitlines()[-1])
    assert told == {"event": "dumped", "size": (container.places.dumps / "dump.sql").stat().st_size}

    made = take(container, instance, kept).manifest
    assert (made.file_name, made.begun_at) == (NAME, NOW)
    assert (made.counts["grants"], made.counts["users"]) == (5000, 1)
    assert made.schema_revision == revisions.latest()
    assert made.postgres_version.startswith("15")
    written = (kept / NAME).read_bytes()
    assert made.sha256 == hashlib.sha256(written).hexdigest()
    restore(written, empty_database_url)
    assert fetch(empty_database_url, GRANTS) == 5000


def test_a_dump_that_was_handed_over_is_encrypted_on_its_way_and_gives_its_room_back(
    instance: str, container: Container, kept: Path
) -> None:
    handover.prepare(instance, None, container.places, begun_at=NOW)
    assert container.run().returncode == 0
    plain = (container.places.dumps / "dump.sql").read_bytes()
    take(container, instance, kept, KEY)
    sealed = (kept / f"{NAME}.enc").read_bytes()
    assert gzip.decompress(b"".join(encryption.opened(KEY.key, [sealed]))) == plain
    handover.clear(container.places.dumps)
    assert not (container.places.dumps / "dump.sql").exists()


def test_nobody_else_reads_the_order_and_no_argument_or_dump_holds_the_password(
    instance: str, container: Container
) -> None:
    handover.prepare(instance, None, container.places, begun_at=NOW)
    password = throwaway_postgres.PASSWORD
    holding = [one for one in container.places.order.iterdir() if password in one.read_text()]
    assert [one.name for one in holding] == ["source-0"]
    assert holding[0].stat().st_mode & 0o777 == 0o600
    assert container.run().returncode == 0
    for one in container.places.dumps.iterdir():
        assert password not in one.read_text()
        assert one.stat().st_mode & 0o077 == 0


def test_a_replica_that_fails_half_way_leaves_the_dump_to_the_primary(
    instance: str, container: Container, kept: Path
) -> None:
    handover.prepare(instance, None, container.places, begun_at=NOW)
    order, dumps = container.places.order, container.places.dumps
    (order / "source-0").rename(order / "source-1")
    (order / "source-0").write_text("export PGHOST=127.0.0.1 PGPORT=1\n")
    asked = json.loads((dumps / "order.json").read_text())
    asked["told"] = [{"replica": "there"}, {"primary": True, "reason": "gone"}]
    (dumps / "order.json").write_text(json.dumps(asked))
    ended = container.run()
    assert ended.returncode == 0
    assert "port 1 failed" in ended.stderr
    handed = handover.read(dumps)
    assert handed is not None
    assert handed.told == {"primary": True, "reason": "gone"}
    assert take(container, instance, kept).manifest.counts["grants"] == 5000


def test_an_image_of_another_major_version_is_refused_and_says_what_to_set(
    instance: str, container: Container, tmp_path: Path
) -> None:
    handover.prepare(instance, None, container.places, begun_at=NOW)
    other = tmp_path / "other"
    other.mkdir()
    (other / "pg_dump").write_text("#!/bin/sh\necho 'pg_dump (PostgreSQL) 9.6.24'\n")
    (other / "pg_dump").chmod(0o755)
    ended = Container(container.places, other).run()
    assert ended.returncode == 2
    assert ended.stderr.rstrip("\n") == (
        "the database is PostgreSQL 15, and this image has pg_dump (PostgreSQL) 9.6.24:"
        " set spec.database.dump.image to one of PostgreSQL 15"
    )
    assert not (container.places.dumps / "dump.sql").exists()


@pytest.fixture
def slow(container: Container, tmp_path: Path) -> Container:
    """One whose pg_dump takes a second more, and whose ten seconds are a twentieth of one."""
    programs = tmp_path / "slow"
    programs.mkdir()
    texts = {
        "pg_dump": f'{container.programs}/pg_dump "$@" && exec /bin/sleep 1',
        "sleep": "exec /bin/sleep 0.05",
    }
    for name, text in texts.items():
        (programs / name).write_text(f"#!/bin/sh\n{text}\n")
        (programs / name).chmod(0o755)
    return Container(container.places, programs)


def test_it_tells_how_far_it_is(instance: str, slow: Container) -> None:
    handover.prepare(instance, None, slow.places, begun_at=NOW)
    ended = slow.run()
    assert ended.returncode == 0
    *progress, last = (json.loads(line) for line in ended.stdout.splitlines())
    assert {one["event"] for one in progress} == {"dump_progress"}
    sizes = [one["size"] for one in progress]
    assert len(sizes) > 2
    assert sizes == sorted(sizes)
    assert sizes[-1] == last["size"]


def test_one_that_is_told_to_end_does_so_and_leaves_no_dump(instance: str, slow: Container) -> None:
    handover.prepare(instance, None, slow.places, begun_at=NOW)
    with slow.started() as process:
        deadline = time.monotonic() + 30
        while not (slow.places.dumps / "dump.sql.partial").exists():
            assert time.monotonic() < deadline
            time.sleep(0.02)
        process.terminate()
        assert process.wait(timeout=10) == 128 + signal.SIGTERM
    assert not (slow.places.dumps / "dump.sql").exists()


@pytest.mark.parametrize("fault", ["no room", "no database"])
def test_a_dump_that_fails_says_why_and_is_no_backup(
    instance: str, container: Container, kept: Path, fault: str
) -> None:
    handover.prepare(instance, None, container.places, begun_at=NOW)
    if fault == "no room":
        with small_disk.mounted(container.places.dumps, "64k"):
            handover.prepare(instance, None, container.places, begun_at=NOW)
            ended = container.run()
            with pytest.raises(errors.BackupError, match="holds no dump"):
                take(container, instance, kept)
    else:
        (container.places.order / "source-0").write_text("export PGHOST=127.0.0.1 PGPORT=1\n")
        ended = container.run()
        with pytest.raises(errors.BackupError, match="holds no dump"):
            take(container, instance, kept)
    assert ended.returncode == 1
    said = {"no room": "No space left on device", "no database": "port 1 failed"}
    assert said[fault] in ended.stderr
    assert throwaway_postgres.PASSWORD not in ended.stderr
    assert list(kept.iterdir()) == []


def test_a_database_without_our_schema_is_not_dumped(
    empty_database_url: str, container: Container
) -> None:
    with pytest.raises(errors.BackupError, match="has no schema of ours"):
        handover.prepare(empty_database_url, None, container.places, begun_at=NOW)
    assert list(container.places.order.iterdir()) == []
