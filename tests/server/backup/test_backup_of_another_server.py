"""A backup of one server in the database of another: people and grants come, ownership does not."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from tests.server.backup.test_backup import NAME, back_up, fetch
from tests.server.backup.test_restore_truth import wanted

from authly_server.backup import restore
from authly_server.backup.directory import Directory
from authly_server.storage import migration
from authly_server.storage.claim import Claimant
from throwaway.postgres import Cluster


OURS, THEIRS = "ab" * 32, "cd" * 32
"""Digests of secrets."""
FAR, NEAR = 9, 4
"""Epochs of the operators that lead there and here."""
OTHER = "other"


def call(url: str, function: str, spec: dict[str, Any], epoch: int) -> str:
    statement = f"SELECT authly_api.{function}(%s::jsonb, %s) ->> 'outcome'"
    with psycopg.connect(url, autocommit=True) as connection:
        row = connection.execute(statement.encode(), (json.dumps(spec), epoch)).fetchone()
    assert row is not None
    return str(row[0])


def client(client_id: str, namespace: str, digest: str) -> dict[str, Any]:
    return {
        "client_id": client_id,
        "owner": f"{namespace}/{client_id}",
        "type": "confidential",
        "auth_method": "client_secret_basic",
        "secret_sha256": [digest],
        "grant_types": ["client_credentials"],
        "scopes": ["orders"],
    }


def scope(namespace: str) -> dict[str, Any]:
    return {"name": "orders", "owner": f"{namespace}/orders", "description": namespace}


def claim(url: str, namespace: str) -> None:
    migration.run(url, claimant=Claimant(owner=f"{namespace}/main", uid=f"uid-{namespace}"))


@pytest.fixture
def restored(
    instance: str, postgres: Cluster, migrated_template: str, tmp_path: Path
) -> Iterator[str]:
    """The URL of a server's database after a backup of `instance`, another's, was restored."""
    url = postgres.create_database(OTHER, template=migrated_template)
    try:
        for place, namespace, digest, epoch in (
            (instance, "theirs", THEIRS, FAR),
            (url, "ours", OURS, NEAR),
        ):
            claim(place, namespace)
            assert call(place, "apply_scope", scope(namespace), epoch) == "Created"
            shared = client("portal", namespace, digest)
            assert call(place, "apply_client", shared, epoch) == "Created"
        assert call(instance, "apply_client", client("guest", "theirs", THEIRS), FAR) == "Created"
        back_up(instance, Directory(tmp_path))
        restore.run(wanted(url, file_name=NAME), Directory(tmp_path))
        yield url
    finally:
        for name in (OTHER, f"{OTHER}_before_r1"):
            postgres.drop_database(name)


def test_people_and_grants_come_and_the_database_stays_ours(restored: str) -> None:
    assert fetch(restored, "SELECT count(*) FROM authly.grants") == 5000
    assert fetch(restored, "SELECT email FROM authly.users") == "ada@example.org"
    assert fetch(restored, "SELECT owner FROM authly.instance_claim") == "ours/main"
    claim(restored, "ours")


def test_our_operator_registers_scopes_and_clients_as_before(restored: str) -> None:
    assert call(restored, "apply_scope", scope("ours"), NEAR) in {"Updated", "Unchanged"}
    ours = call(restored, "apply_client", client("portal", "ours", OURS), NEAR)
    assert ours in {"Updated", "Unchanged"}
    assert call(restored, "apply_client", client("portal", "theirs", THEIRS), NEAR) == "Conflict"


def test_their_secret_is_worth_nothing_here_and_their_clients_are_disabled(restored: str) -> None:
    digests = (
        "SELECT encode(digest, 'hex') FROM authly.client_secrets AS secret"
        " JOIN authly.clients AS client ON client.id = secret.client_id"
        " WHERE client.client_id = 'portal'"
    )
    assert fetch(restored, digests) == OURS
    enabled = "SELECT string_agg(client_id, ' ') FROM authly.clients WHERE enabled"
    assert fetch(restored, enabled) == "portal"
