"""Backups that restore and hold no secret, sweeping, and a database that somebody else runs."""

import gzip
import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.e2e import bucket as buckets, external, installation, jobs, shelf as shelves
from tests.e2e.bucket import Bucket
from tests.e2e.instance import Instance, manifests
from tests.e2e.kube import Kube, Object

from cluster import ports


ABROAD = "database-abroad"
DATABASE_POD = "main-database-0"
OLD, STRANGE = "20200101T000000Z.sql.gz", "holidays.jpg"
COUNTS = """
SELECT json_object_agg(relname, n) FROM (
    SELECT relname, (xpath('/row/n/text()', query_to_xml(
        format('SELECT count(*) AS n FROM authly.%I', relname), false, true, ''
    )))[1]::text::int AS n
    FROM pg_class WHERE relnamespace = 'authly'::regnamespace AND relkind = 'r') AS counted
"""
"""How many rows each table of the schema has."""
EXPIRE = """
UPDATE authly.tokens SET expires_at = now() - interval '2 days';
UPDATE authly.authorization_codes SET expires_at = now() - interval '2 hours';
UPDATE authly.sessions SET expires_at = now() - interval '2 days'
"""


@pytest.fixture(scope="module")
def tokens(instance: Instance) -> Object:
    """What a person was given before the backup."""
    return instance.sign_in()


def secrets_of(instance: Instance, tokens: Object) -> set[str]:
    """Everything that lets one in, as text: no backup may hold any of it."""
    kube, place = instance.kube, instance.namespace
    credentials = kube.secret(f"{instance.name}-credentials", place)
    ring = json.loads(kube.secret(f"{instance.name}-signing-keys", place)["keyring.json"])
    lines = {
        line for key in ring["keys"] for line in key["privateKey"].splitlines() if len(line) > 40
    }
    del credentials["ADMIN_EMAIL"]
    return {
        tokens["refresh_token"],
        tokens["access_token"],
        instance.web.client_secret,
        instance.machine.client_secret,
        *credentials.values(),
        *lines,
    }


def restore(kube: Kube, place: str, dump: bytes, directory: Path) -> None:
    """Load a dump into an empty database `scratch` of a PostgreSQL that has none of its roles."""
    path = directory / "dump.sql"
    path.write_bytes(dump)
    kube.run("cp", str(path), f"{place}/{external.NAME}:/tmp/dump.sql")
    external.psql(kube, place, "postgres", "DROP DATABASE IF EXISTS scratch")
    external.psql(kube, place, "postgres", "CREATE DATABASE scratch")
    kube.run(
        *("exec", external.NAME, "-n", place, "--"),
        *("psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-1", "-U", "postgres", "-d", "scratch"),
        *("-f", "/tmp/dump.sql"),  # noqa: S108 - the pod's own
    )


def check_restored(instance: Instance, dump: bytes, directory: Path, *counted: str) -> None:
    """Whether a dump is the whole database: its user, and as many rows in each table.

    They were counted before and after the backup; what servers note in batches may grow meanwhile.
    """
    kube, place = instance.kube, instance.namespace
    restore(kube, place, dump, directory)
    users = "SELECT email FROM authly.users"
    assert external.psql(kube, place, "scratch", users).splitlines() == [instance.administrator[0]]
    restored = json.loads(external.psql(kube, place, "scratch", COUNTS))
    before, after = (json.loads(text) for text in counted)
    assert restored.keys() == before.keys()
    assert [table for table in before if not before[table] <= restored[table] <= after[table]] == []
    assert restored["users"] == 1


@pytest.fixture(scope="module")
def shelf(instance: Instance) -> None:
    """A volume claim for backups with an old backup on it, and somebody else's PostgreSQL."""
    kube, place = instance.kube, instance.namespace
    shelves.put_up(instance)
    kube.apply(*external.manifests(place))
    external.wait_until_ready(kube, place)
    shelves.run(instance, "touch", f"{place}.main-{OLD}", f"{place}.other-{OLD}", STRANGE)


def test_a_backup_to_a_claim_is_the_whole_database_and_holds_no_secret(
    instance: Instance, tokens: Object, shelf: None, tmp_path: Path
) -> None:
    kube, place = instance.kube, instance.namespace
    instance.change({"backup": {"suspend": True, "destination": shelves.DESTINATION}})
    kube.wait_for("cronjob", "main-backup", place, bool, 30)
    counted = external.psql(kube, place, "authly", COUNTS, DATABASE_POD)

    report = jobs.run_now(instance, "main-backup")[-1]

    name = report["file_name"]
    assert shelves.run(instance, "sha256sum", "-c", f"{name}.sha256") == f"{name}: OK\n"
    assert shelves.run(instance, "sha256sum", name).split()[0] == report["sha256"]
    dump = shelves.run(instance, "gunzip", "-c", name).encode()
    assert {text for text in secrets_of(instance, tokens) if text.encode() in dump} == set()
    again = external.psql(kube, place, "authly", COUNTS, DATABASE_POD)
    check_restored(instance, dump, tmp_path, counted, again)

    # Thirty days are over for an old one of this server; what else lies there is not its.
    assert report["deleted"] == [f"{place}.main-{OLD}"]
    left = {name, f"{name}.json", f"{name}.sha256", f"{place}.other-{OLD}", STRANGE}
    assert {*shelves.run(instance, "ls").split()} - {"lost+found"} == left


def test_maintenance_sweeps_what_has_expired_and_nothing_else(
    instance: Instance, tokens: Object
) -> None:
    kube, place = instance.kube, instance.namespace
    external.psql(kube, place, "authly", EXPIRE, DATABASE_POD)
    kept = instance.sign_in()
    before = json.loads(external.psql(kube, place, "authly", COUNTS, DATABASE_POD))

    report = jobs.run_now(instance, "main-maintenance")[-1]

    after = json.loads(external.psql(kube, place, "authly", COUNTS, DATABASE_POD))
    for table in ("tokens", "sessions", "authorization_codes"):
        assert report["removed"][table] == before[table] - after[table] > 0
    assert after["users"] == before["users"]
    assert instance.refresh(kept["refresh_token"])["access_token"]


@pytest.fixture(scope="module")
def bucket(kube: Kube) -> Iterator[Bucket]:
    """An S3 server that pods reach."""
    with buckets.running(kube) as running:
        yield running


@pytest.fixture(scope="module")
def abroad(kube: Kube, bucket: Bucket) -> Iterator[Instance]:
    """A whole instance on a PostgreSQL that somebody else runs, with backups to the bucket."""
    (port,) = ports.find_free(f"{kube.cluster.name}/{ABROAD}", 1)
    made = Instance(kube, ABROAD, port)
    backup = {"suspend": True, "destination": bucket.destination}
    url = external.secret(ABROAD, "url", url=external.url(ABROAD, "postgres"))
    namespace, server, *others = manifests(made, 1)
    server["spec"] |= {
        "database": {"external": {"secretRef": {"name": "url", "key": "url"}}},
        "backup": backup,
    }
    kube.apply(namespace, *external.manifests(ABROAD))
    try:
        external.wait_until_ready(kube, ABROAD)
        kube.apply(url, buckets.credentials(ABROAD), server, *others)
        with installation.forwarded(kube, port, f"{made.name}.{ABROAD}:80", "--tls"):
            kube.wait_ready(ABROAD)
            yield made
    finally:
        installation.clear(kube, ABROAD)


def test_an_instance_works_on_a_database_that_somebody_else_runs(abroad: Instance) -> None:
    tokens = abroad.sign_in()
    assert abroad.refresh(tokens["refresh_token"])["access_token"]
    assert abroad.token()["access_token"]
    assert abroad.kube.find("statefulset", "main-database", ABROAD) is None


def test_a_backup_to_a_bucket_is_the_whole_database_and_holds_no_secret(
    abroad: Instance, bucket: Bucket, tmp_path: Path
) -> None:
    tokens = abroad.sign_in()
    counted = external.psql(abroad.kube, ABROAD, "postgres", COUNTS)

    report = jobs.run_now(abroad, "main-backup")[-1]

    name = report["file_name"]
    assert bucket.names == [name, f"{name}.json", f"{name}.sha256"]
    assert hashlib.sha256(bucket.read(name)).hexdigest() == report["sha256"]
    dump = gzip.decompress(bucket.read(name))
    assert {text for text in secrets_of(abroad, tokens) if text.encode() in dump} == set()
    again = external.psql(abroad.kube, ABROAD, "postgres", COUNTS)
    check_restored(abroad, dump, tmp_path, counted, again)
