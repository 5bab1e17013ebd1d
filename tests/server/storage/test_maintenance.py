"""What the maintenance run removes, and what it must leave."""

from typing import Any

import psycopg
import pytest

from authly_server.storage import maintenance


@pytest.fixture
def rows(owner: Any, user: Any, client: Any) -> Any:
    """For each kind of row one that is to go and one that is to stay."""
    owner.execute(
        "INSERT INTO authly.grants (id, client_id, user_id, scopes, created_at)"
        " SELECT gen_random_uuid(), %s, %s, '{}', now() - age"
        " FROM (VALUES (interval '32 days'), (interval '30 days')) AS ages (age)",
        client.id,
        user.id,
    )
    owner.execute(
        "INSERT INTO authly.authorization_codes (digest, grant_id, expires_at)"
        " SELECT sha256(age::text::bytea), grants.id, now() - age FROM authly.grants,"
        " (VALUES (interval '2 hours'), (interval '30 minutes')) AS ages (age)"
        " WHERE grants.created_at > now() - interval '31 days'"
    )
    owner.execute(
        "INSERT INTO authly.pushed_requests (digest, client_id, query, expires_at)"
        " SELECT sha256(age::text::bytea), %s, '', now() - age"
        " FROM (VALUES (interval '2 hours'), (interval '30 minutes')) AS ages (age)",
        client.id,
    )
    owner.execute(
        "INSERT INTO authly.device_authorizations (digest, user_code_digest, grant_id, client_id,"
        " scopes, resources, poll_interval, expires_at) SELECT sha256(age::text::bytea),"
        " sha256(age::text::bytea), gen_random_uuid(), %s, '{}', '{}', 5, now() - age"
        " FROM (VALUES (interval '2 hours'), (interval '30 minutes')) AS ages (age)",
        client.id,
    )
    owner.execute(
        "INSERT INTO authly.attempts (digest, count, expires_at)"
        " SELECT sha256(age::text::bytea), 1, now() - age"
        " FROM (VALUES (interval '2 hours'), (interval '30 minutes')) AS ages (age)"
    )
    owner.execute(
        "INSERT INTO authly.used_jtis (digest, expires_at) SELECT sha256(age::text::bytea),"
        " now() - age FROM (VALUES (interval '2 hours'), (interval '30 minutes')) AS ages (age)"
    )
    owner.execute(
        "INSERT INTO authly.tokens (token_type, client_id, jti, invalidated_at, expires_at)"
        " SELECT 'access', %s, age::text, now(), now() - age"
        " FROM (VALUES (interval '2 days'), (interval '12 hours')) AS ages (age)",
        client.id,
    )
    owner.execute(
        "INSERT INTO authly.opaque_tokens (digest, client_id, subject, scopes, audience,"
        " expires_at) SELECT sha256(age::text::bytea), %s, 'shop', '{}', '{}', now() - age"
        " FROM (VALUES (interval '2 days'), (interval '12 hours')) AS ages (age)",
        client.id,
    )
    owner.execute(
        "INSERT INTO authly.sessions (digest, user_id, acr, expires_at)"
        " SELECT sha256(age::text::bytea), %s, 'a class', now() - age"
        " FROM (VALUES (interval '2 days'), (interval '12 hours')) AS ages (age)",
        user.id,
    )
    return owner


def test_what_expired_goes_and_the_rest_stays(rows: Any) -> None:
    removed = maintenance.run(rows.url)
    expected = {
        "authorization_codes": 1,
        "pushed_requests": 1,
        "device_authorizations": 1,
        "attempts": 1,
        "used_jtis": 1,
        "opaque_tokens": 1,
        "tokens": 1,
        "sessions": 1,
        "grants": 1,
        "clients": 0,
        "audit_log": 0,
    }
    assert removed == expected
    for table in (name for name, count in expected.items() if count):
        assert rows.fetch(f"SELECT count(*) FROM authly.{table}") == 1  # noqa: S608  # names of ours
    assert maintenance.run(rows.url) == dict.fromkeys(expected, 0)


def test_an_old_grant_with_a_live_family_stays(owner: Any, user: Any, client: Any) -> None:
    owner.execute(
        "WITH old AS (INSERT INTO authly.grants (id, client_id, user_id, scopes, created_at)"
        " VALUES (gen_random_uuid(), %s, %s, '{}', now() - interval '1 year') RETURNING *)"
        " INSERT INTO authly.tokens"
        " (token_type, client_id, grant_id, generation, digest, expires_at)"
        " SELECT 'refresh', client_id, id, 0, sha256('x'), now() + interval '1 day' FROM old",
        client.id,
        user.id,
    )
    assert maintenance.run(owner.url)["grants"] == 0


def test_many_rows_go_in_small_batches(owner: Any, client: Any) -> None:
    owner.execute(
        "INSERT INTO authly.tokens (token_type, client_id, jti, invalidated_at, expires_at)"
        " SELECT 'access', %s, n, now(), now() - interval '2 days'"
        " FROM generate_series(1, 25) AS n",
        client.id,
    )
    assert maintenance.run(owner.url, batch=10)["tokens"] == 25


def test_grants_that_live_stop_nobody_from_removing_younger_ones(
    owner: Any, user: Any, client: Any
) -> None:
    owner.execute(
        "INSERT INTO authly.grants (id, client_id, user_id, scopes, created_at)"
        " SELECT gen_random_uuid(), %s, %s, '{}', now() - age"
        " FROM generate_series(0, 59) AS n, LATERAL"
        " (SELECT interval '32 days' + n / 2 * interval '1 hour' AS age) AS ages",
        client.id,
        user.id,
    )
    owner.execute(
        "INSERT INTO authly.tokens"
        " (token_type, client_id, grant_id, generation, digest, expires_at)"
        " SELECT 'refresh', client_id, id, 0, sha256('x'), now() + interval '1 day'"
        " FROM (SELECT * FROM authly.grants ORDER BY created_at, id LIMIT 35) AS oldest"
    )
    assert maintenance.run(owner.url, batch=10)["grants"] == 25
    assert owner.fetch("SELECT count(*) FROM authly.grants") == 35


def test_statistics_are_fresh_afterwards(rows: Any) -> None:
    rows.execute(
        "INSERT INTO authly.tokens"
        " (token_type, client_id, jti, invalidated_at, expires_at)"
        " SELECT 'access', client_id, gen_random_uuid()::text, now(), now() + interval '1 day'"
        " FROM authly.grants, generate_series(1, 500)"
    )
    maintenance.run(rows.url)
    known = "SELECT reltuples::bigint FROM pg_class WHERE oid = 'authly.tokens'::regclass"
    assert rows.fetch(known) == rows.fetch("SELECT count(*) FROM authly.tokens") > 500
    planned = "SELECT count(*) FROM pg_stats WHERE schemaname = 'authly' AND tablename = 'tokens'"
    assert rows.fetch(planned) > 0


def test_whoever_reads_and_writes_meanwhile_is_not_waited_for_and_does_not_wait(
    rows: Any, client: Any
) -> None:
    """A transaction that uses a live token's row all the while, as a server's may."""
    with psycopg.connect(rows.url) as serving:
        assert serving.execute(
            "SELECT id FROM authly.tokens"
            " WHERE removable_on > (now() AT TIME ZONE 'UTC')::date FOR UPDATE"
        ).fetchall()
        serving.execute("SET LOCAL lock_timeout = '1s'")
        assert maintenance.run(rows.url)["tokens"] == 1
        serving.execute(
            "UPDATE authly.tokens SET expires_at = expires_at"
            " WHERE removable_on > (now() AT TIME ZONE 'UTC')::date"
        )
