import gzip
import hashlib
import json
import subprocess
import sys
from pathlib import Path

import psycopg

from throwaway import keys


def authly_server(*command: str, **environ: str) -> subprocess.CompletedProcess[str]:
    root = Path(__file__).parents[3]
    return subprocess.run(  # noqa: S603  # the program under test
        [sys.executable, "-m", "authly_server", *command],
        env={"PYTHONPATH": str(root / "server"), "PATH": "/usr/lib/postgresql/15/bin:/usr/bin:/bin"}
        | environ,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_wrong_setting_ends_with_one_line_and_status_2() -> None:
    ended = authly_server("migrate", DATABASE_URL="mysql://x")
    assert ended.returncode == 2
    assert ended.stderr.count("\n") == 1
    assert ended.stderr.startswith("DATABASE_URL: ")


def test_an_unreachable_database_ends_with_one_line_and_status_1() -> None:
    ended = authly_server("migrate", DATABASE_URL="postgresql://a:hunter2@127.0.0.1:1/authly")
    assert ended.returncode == 1
    assert ended.stderr.count("\n") == 1
    assert "hunter2" not in ended.stderr


def test_migrating_twice_makes_one_administrator(empty_database_url: str) -> None:
    environ = {
        "DATABASE_URL": empty_database_url,
        "ADMIN_EMAIL": "admin@example.com",
        "ADMIN_PASSWORD": "correct horse",
    }
    for _ in range(2):
        ended = authly_server("migrate", **environ)
        assert ended.returncode == 0, ended.stderr
    with psycopg.connect(empty_database_url) as connection:
        found = connection.execute("SELECT email, is_admin FROM authly.users").fetchall()
        assert found == [("admin@example.com", True)]


def test_maintaining_an_empty_instance_succeeds(database_url: str) -> None:
    ended = authly_server("maintain", DATABASE_URL=database_url)
    assert ended.returncode == 0, ended.stderr


def test_a_backup_restores_into_an_empty_database(
    database_url: str, empty_database_url: str, tmp_path: Path
) -> None:
    ended = authly_server("backup", DATABASE_URL=database_url, BACKUP_DIRECTORY=str(tmp_path))
    assert ended.returncode == 0, ended.stderr
    (dump,) = tmp_path.glob("authly-*.sql.gz")
    (digest,) = tmp_path.glob("*.sha256")
    assert hashlib.sha256(dump.read_bytes()).hexdigest() in digest.read_text()
    subprocess.run(  # noqa: S603  # PostgreSQL's own client
        ["/usr/lib/postgresql/15/bin/psql", "-q", "-v", "ON_ERROR_STOP=1", empty_database_url],
        input=gzip.decompress(dump.read_bytes()),
        capture_output=True,
        timeout=60,
        check=True,
    )
    with psycopg.connect(empty_database_url) as connection:
        names = connection.execute("SELECT name FROM authly.scopes ORDER BY 1").fetchall()
        expected = "admin email offline_access openid profile read write"
        assert [name for (name,) in names] == expected.split()


def test_a_failed_backup_leaves_no_file(tmp_path: Path) -> None:
    ended = authly_server(
        "backup",
        DATABASE_URL="postgresql://a:hunter2@127.0.0.1:1/authly",
        BACKUP_DIRECTORY=str(tmp_path),
    )
    assert ended.returncode == 1
    assert ended.stderr.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_a_file_of_certificates_that_is_none_ends_serving_with_one_line(tmp_path: Path) -> None:
    keys.write_ring(tmp_path / "keyring.json", keys.draw("first"))
    ended = authly_server(
        "serve",
        DATABASE_URL="postgresql://a:b@127.0.0.1:1/authly",
        ISSUER="https://login.example.com",
        SECRET_KEY="s" * 32,
        JWT_REFRESH_SECRET_KEY="r" * 32,
        SIGNING_KEYS_FILE=str(tmp_path / "keyring.json"),
        OUTBOUND_CA_FILE=str(tmp_path / "missing.pem"),
    )
    assert ended.returncode == 2
    (line,) = [line for line in ended.stderr.splitlines() if not line.startswith("{")]
    assert line.startswith("OUTBOUND_CA_FILE: ")


def test_a_plan_is_printed_and_nothing_is_migrated(empty_database_url: str) -> None:
    ended = authly_server("migrate", "--plan", DATABASE_URL=empty_database_url)
    assert ended.returncode == 0, ended.stderr
    told = json.loads(ended.stdout)
    assert told["event"] == "planned"
    assert told["missing"][0] == "0001_tables"
    with psycopg.connect(empty_database_url) as connection:
        assert connection.execute("SELECT to_regnamespace('authly')").fetchone() == (None,)
