"""A large database in little time: users, and refresh families of theirs.

Rows are written without the indexes that are no key and without the checks of foreign keys, which
hold by construction; the indexes are made again afterwards.
"""

import time
from typing import Final, LiteralString

import psycopg

from throwaway import postgres


_INDEXES: Final = """
SELECT indexname, indexdef FROM pg_indexes
WHERE schemaname = 'authly' AND tablename IN ('users', 'grants', 'tokens')
AND indexname NOT IN (SELECT conname FROM pg_constraint)
"""
_FILL: Final[tuple[LiteralString, ...]] = (
    """
    INSERT INTO authly.users (email, username, email_folded, username_folded, password_hash)
    SELECT address, 'person' || number, address, 'person' || number,
        (SELECT password_hash FROM authly.users LIMIT 1)
    FROM (
        SELECT number, 'person' || number || '@example.com' AS address
        FROM generate_series(1, %(users)s) AS number
    ) AS person
    """,
    """
    INSERT INTO authly.grants (id, client_id, user_id, scopes, resources, created_at)
    SELECT gen_random_uuid(), one.client_id, person.id, one.scopes, one.resources,
        now() - number * interval '1 day'
    FROM (SELECT * FROM authly.grants LIMIT 1) AS one,
        generate_series(1, %(each)s) AS number, authly.users AS person
    WHERE person.username LIKE 'person%%'
    """,
    """
    INSERT INTO authly.tokens
        (token_type, client_id, grant_id, generation, digest, previous_digest, expires_at)
    SELECT 'refresh', client_id, id, 1, sha256(id::text::bytea), sha256(user_id::text::bytea),
        created_at + interval '30 days'
    FROM authly.grants WHERE id NOT IN (SELECT grant_id FROM authly.tokens)
    """,
)


def fill(cluster: postgres.Cluster, database: str, *, users: int, families: int) -> float:
    """Write so many users and families beside what is there; the seconds that it took."""
    started = time.monotonic()
    url = cluster.url(database, user="postgres")
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("SET synchronous_commit = off")
        connection.execute("SET session_replication_role = replica")
        connection.execute("SET maintenance_work_mem = '512MB'")
        indexes = connection.execute(_INDEXES).fetchall()
        for name, _ in indexes:
            connection.execute(f"DROP INDEX authly.{name}".encode())
        for statement in _FILL:
            connection.execute(statement, {"users": users, "each": families // users})
        for _, definition in indexes:
            connection.execute(str(definition).encode())
        connection.execute("VACUUM (ANALYZE) authly.users, authly.grants, authly.tokens")
        connection.execute("CHECKPOINT")
    return time.monotonic() - started
