"""What a restore brings back, and what it must never bring back, as clients and people see it."""

import contextlib
import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any

import psycopg
import pytest
from tests.server.backup.test_backup import fetch

from authly_server.backup import job, names, restore
from authly_server.backup.directory import Directory
from authly_server.clock import SystemClock
from authly_server.storage.fence import Revoke
from throwaway import instance as throwaway_instance, postgres as throwaway_postgres, registration
from throwaway.instance import Instance
from throwaway.registration import RegisteredClient


@dataclass
class Story:
    """An instance, what it gave out before the backup, and what became of it afterwards."""

    instance: Instance
    url: str
    shop: RegisteredClient
    gone: RegisteredClient
    rotated: RegisteredClient
    kept: Any
    revoked: Any
    used_code: str
    late: str
    restored: restore.Restored


def wanted(url: str, **more: Any) -> restore.Wanted:
    given: dict[str, Any] = {
        "restore_id": "r1",
        "url": url,
        "name": "shop",
        "now": SystemClock().now(),
    }
    return restore.Wanted(**given | more)


def next_second() -> datetime:
    """The beginning of a second in which no token was issued yet; their times are whole seconds."""
    clock = SystemClock()
    before = clock.now()
    while (now := clock.now()).second == before.second:
        pass
    return now


@contextlib.contextmanager
def told(
    cluster: throwaway_postgres.Cluster,
    name: str,
    directory: Path,
    environ: Mapping[str, str] = MappingProxyType({}),
    **more: Any,
) -> Iterator[Story]:
    """Back up, then revoke, delete, rotate and issue, then restore."""
    url, place = cluster.create_database(name), Directory(directory)
    with throwaway_instance.running(url, tls=False, **environ) as instance:
        gone, rotated = instance.apply_client("gone"), instance.apply_client("rotated")
        kept, revoked, code = instance.tokens(), instance.tokens(), instance.code()
        job.run(url, place, name="shop", retention_days=30, now=next_second())

        instance.post("/revoke", token=revoked["access_token"]).raise_for_status()
        instance.post("/revoke", token=revoked["refresh_token"]).raise_for_status()
        instance.exchange(code).raise_for_status()
        registration.call(url, "delete_client", "gone", "default/gone", 1)
        digest = hashlib.sha256(b"a new secret of thirty-two letters").hexdigest()
        instance.apply_client("rotated", secret_sha256=[digest])
        registration.add_user(url, "late@example.org")
        late = instance.post("/token", grant_type="client_credentials").json()["access_token"]
        instance.server.stop()
        try:
            restored = restore.run(wanted(url, **more), place)
            next_second()  # the fence stands in the present one still
            instance.server.start()
            yield Story(
                instance, url, instance.shop, gone, rotated, kept, revoked, code, late, restored
            )
        finally:
            cluster.drop_database(f"{name}_before_r1")


@pytest.fixture(scope="module")
def story(
    postgres: throwaway_postgres.Cluster, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Story]:
    with told(postgres, "truth", tmp_path_factory.mktemp("backups")) as story:
        yield story
    postgres.drop_database("truth")


def test_tokens_that_were_revoked_since_the_backup_stay_revoked(story: Story) -> None:
    assert not story.instance.is_active(story.revoked["access_token"])
    assert story.instance.userinfo(story.revoked["access_token"]).status_code == 401
    assert story.instance.refresh(story.revoked["refresh_token"]).status_code == 400


def test_tokens_from_before_the_backup_that_nobody_revoked_are_good(story: Story) -> None:
    assert story.instance.is_active(story.kept["access_token"])
    assert story.instance.refresh(story.kept["refresh_token"]).status_code == 200


def test_a_token_that_was_issued_after_the_backup_is_refused(story: Story) -> None:
    assert not story.instance.is_active(story.late)


def test_a_new_token_is_good(story: Story) -> None:
    assert story.instance.is_active(story.instance.tokens()["access_token"])


def test_a_client_that_was_deleted_stays_disabled(story: Story) -> None:
    answer = story.instance.post("/token", story.gone, grant_type="client_credentials")
    assert answer.status_code == 401
    enabled = "SELECT enabled FROM authly.clients WHERE client_id = 'gone'"
    assert fetch(story.url, enabled) is False


def test_a_secret_that_was_rotated_works_and_the_one_before_does_not(story: Story) -> None:
    new = RegisteredClient(story.rotated.spec, "a new secret of thirty-two letters")
    asked = {"grant_type": "client_credentials"}
    assert story.instance.post("/token", new, **asked).status_code == 200
    assert story.instance.post("/token", story.rotated, **asked).status_code == 401


def test_a_code_that_was_used_is_worth_nothing(story: Story) -> None:
    assert story.instance.exchange(story.used_code).json()["error"] == "invalid_grant"


def test_people_and_consents_are_as_at_the_backup(story: Story) -> None:
    assert fetch(story.url, "SELECT array_agg(email) FROM authly.users") == ["ada@example.org"]
    counts = story.restored.manifest.counts
    assert fetch(story.url, "SELECT count(*) FROM authly.consents") == counts["consents"] > 0


UNTOUCHED = ("users", "consents", "scopes", "client_scopes", "client_keys", "schema_migrations")


@pytest.mark.parametrize("table", UNTOUCHED)
def test_what_no_fence_is_about_is_as_at_the_backup(story: Story, table: str) -> None:
    count = f"SELECT count(*) FROM authly.{table}"  # noqa: S608 - names of ours
    assert fetch(story.url, count) == story.restored.manifest.counts[table]


def test_the_replaced_database_is_kept_under_a_name_that_is_told(
    story: Story, postgres: throwaway_postgres.Cluster
) -> None:
    assert story.restored.replaced == "truth_before_r1"
    emails = "SELECT count(*) FROM authly.users"
    assert fetch(postgres.url("truth_before_r1"), emails) == 2


def test_the_safety_backup_holds_what_was_there_before(
    postgres: throwaway_postgres.Cluster, tmp_path: Path
) -> None:
    with told(postgres, "safe", tmp_path, revoke=Revoke.NONE) as story:
        found = Directory(tmp_path).names()
        (name,) = (each for each in found if names.parse("shop-before-restore", each))
        assert restore.manifest_of(Directory(tmp_path), name).counts["users"] == 2
        # With nothing revoked but what had been, a machine's later token is good again.
        assert story.instance.is_active(story.late)
        assert not story.instance.is_active(story.revoked["access_token"])
    postgres.drop_database("safe")


def test_all_tokens_and_sessions_end_where_all_are_to_be_revoked(
    postgres: throwaway_postgres.Cluster, tmp_path: Path
) -> None:
    with told(postgres, "revoking", tmp_path, revoke=Revoke.ALL) as story:
        assert not story.instance.is_active(story.kept["access_token"])
        assert story.instance.refresh(story.kept["refresh_token"]).status_code == 400
        assert fetch(story.url, "SELECT count(*) FROM authly.sessions") == 0
        with psycopg.connect(story.url) as connection:
            told_of = connection.execute(
                "SELECT count(*) FROM authly.audit_log WHERE event = 'restored'"
            ).fetchone()
        assert told_of == (1,)
    postgres.drop_database("revoking")


@pytest.mark.parametrize("revoke", [Revoke.NONE, Revoke.ISSUED_AFTER_BACKUP])
def test_opaque_tokens_that_were_revoked_stay_so_and_those_since_the_backup_are_not_known(
    postgres: throwaway_postgres.Cluster, tmp_path: Path, revoke: Revoke
) -> None:
    opaque = {"ACCESS_TOKEN_FORMAT": "opaque"}
    with told(postgres, "opaque", tmp_path, opaque, revoke=revoke) as story:
        assert story.kept["access_token"].startswith("aat_")
        assert story.instance.is_active(story.kept["access_token"])
        assert not story.instance.is_active(story.revoked["access_token"])
        assert not story.instance.is_active(story.late)
    postgres.drop_database("opaque")
