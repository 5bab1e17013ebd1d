"""Refresh families in a restored database are as far as they had come; no other is written."""

from typing import Any

import psycopg
from psycopg import conninfo

from authly_server.clock import SystemClock
from authly_server.storage import fence
from throwaway.postgres import Cluster


FAMILIES = """
INSERT INTO authly.tokens (token_type, client_id, grant_id, generation, digest, expires_at)
SELECT 'refresh', client_id, id, 3, sha256(id::text::bytea), now() + interval '7 days'
FROM authly.grants
"""
ROTATE = """
UPDATE authly.tokens SET generation = 4, previous_digest = digest, digest = sha256(digest),
    rotated_at = now()
WHERE id IN (SELECT id FROM authly.tokens ORDER BY id LIMIT 7)
"""
STATE = "SELECT id, generation, digest, previous_digest FROM authly.tokens ORDER BY id"
PLACES = "SELECT id, ctid::text FROM authly.tokens ORDER BY id"


def execute(url: str, statement: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(url, autocommit=True) as connection:
        cursor = connection.execute(statement.encode())
        return cursor.fetchall() if cursor.description else []


def test_families_that_went_on_are_carried_over_and_the_others_are_not_written(
    instance: str, postgres: Cluster
) -> None:
    execute(instance, FAMILIES)
    name = str(conninfo.conninfo_to_dict(instance)["dbname"])
    restored = postgres.create_database(f"{name}_restored", template=name)
    try:
        execute(instance, ROTATE)
        before = dict(execute(restored, PLACES))

        fence.apply(restored, instance, begun_at=SystemClock().now(), revoke=fence.Revoke.NONE)

        assert execute(restored, STATE) == execute(instance, STATE)
        after = dict(execute(restored, PLACES))
        assert len(before) == 5000
        assert sum(before[one] != after[one] for one in before) == 7
    finally:
        postgres.drop_database(f"{name}_restored")
