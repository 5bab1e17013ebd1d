"""The manifest beside a backup, and what the backup itself must never hold."""

import gzip
import hashlib
import json
from datetime import UTC
from pathlib import Path
from typing import Any

import psycopg
import pytest
from tests.server.backup.test_backup import COUNTS, NAME, NOW, back_up, fetch

from authly_server.backup import destination, errors, job, manifest
from authly_server.backup.directory import Directory
from authly_server.storage import revisions
from throwaway import instance as throwaway_instance


def test_it_tells_revision_version_digest_and_rows_of_every_table(
    instance: str, directory: Directory, tmp_path: Path
) -> None:
    made = back_up(instance, directory).manifest
    written = manifest.parse(destination.read_text(directory, f"{NAME}.json"))
    assert written == made
    content = (tmp_path / NAME).read_bytes()
    assert (made.size, made.sha256) == (len(content), hashlib.sha256(content).hexdigest())
    assert made.begun_at == NOW.astimezone(UTC)
    assert made.schema_revision == revisions.latest()
    assert made.postgres_version.startswith("15.")
    assert made.counts == {name: int(n) for name, n in fetch(instance, COUNTS).items()}
    assert made.counts["grants"] == 5000


def test_rows_that_come_while_it_is_made_are_neither_counted_nor_dumped(
    instance: str, directory: Directory, tmp_path: Path
) -> None:
    def add(event: str, **_: object) -> None:
        assert event == "backup_begun"
        fetch(instance, "INSERT INTO authly.scopes (name) VALUES ('late') RETURNING 1")

    made = back_up(instance, directory, tell=add).manifest
    dump = gzip.decompress((tmp_path / NAME).read_bytes()).decode()
    assert made.counts["scopes"] == fetch(instance, "SELECT count(*) FROM authly.scopes") - 1
    assert "\tlate\t" not in dump


def test_progress_is_told_in_bytes_until_all_of_them_are_there(
    instance: str, directory: Directory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job, "PROGRESS_SECONDS", 0.0)
    told: list[dict[str, Any]] = []

    def tell(event: str, **facts: Any) -> None:
        if event == "backup_progress":
            told.append(facts)

    made = back_up(instance, directory, tell=tell).manifest
    sizes = [facts["size"] for facts in told]
    assert sizes == sorted(set(sizes))
    assert sizes[-1] == made.size
    assert {facts["file_name"] for facts in told} == {made.file_name}


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"file_name": 1}'])
def test_a_manifest_that_is_none_is_one_line(text: str) -> None:
    with pytest.raises(errors.BackupError, match="the manifest cannot be read") as raised:
        manifest.parse(text)
    assert "\n" not in str(raised.value)


def test_a_database_without_our_schema_is_not_backed_up(
    empty_database_url: str, directory: Directory, tmp_path: Path
) -> None:
    with pytest.raises(errors.BackupError, match="no schema of ours"):
        back_up(empty_database_url, directory)
    assert list(tmp_path.iterdir()) == []


def test_a_backup_holds_nothing_that_lets_anybody_in(
    database_url: str, directory: Directory, tmp_path: Path
) -> None:
    """Everything that was ever given out is searched for, in the dump as it is."""
    with throwaway_instance.running(database_url) as running:
        code = running.code()
        tokens = running.tokens()
        machine = running.post("/token", grant_type="client_credentials").json()
        ring = json.loads(running.server.key_ring.read_text())
        secrets = {
            code,
            tokens["access_token"],
            tokens["refresh_token"],
            machine["access_token"],
            running.shop.secret,
            *(cookie for cookie in running.person.cookies.values() if len(cookie) > 16),
            *(running.server.environ[name] for name in ("SECRET_KEY", "JWT_REFRESH_SECRET_KEY")),
            *(
                line
                for key in ring["keys"]
                for line in key["privateKey"].splitlines()
                if len(line) > 40
            ),
        }
        back_up(database_url, directory)
    dump = gzip.decompress((tmp_path / NAME).read_bytes()).decode()
    assert "ada@example.org" in dump
    parts = {piece for secret in secrets for piece in (secret, *secret.split("."))}
    assert {piece for piece in parts if len(piece) >= 16 and piece in dump} == set()
    with psycopg.connect(database_url) as connection:
        rows = connection.execute("SELECT count(*) FROM authly.tokens").fetchone()
    assert rows is not None
    assert rows[0] >= 1
