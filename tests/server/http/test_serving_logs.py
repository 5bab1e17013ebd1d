"""What the log, the database and the metrics say of requests, and what they never say."""

import httpx
import psycopg
import pytest
from psycopg import sql
from tests.server.http import credentials as presented

from throwaway.instance import Instance


TABLES = "SELECT table_name FROM information_schema.tables WHERE table_schema = 'authly'"


@pytest.fixture(scope="module")
def settings() -> dict[str, str]:
    return presented.SETTINGS


@pytest.fixture(scope="module")
def credentials(instance: Instance) -> dict[str, str]:
    return presented.used(instance)


def test_no_credential_is_in_the_log(instance: Instance, credentials: dict[str, str]) -> None:
    log = instance.server.log.read_text()
    assert log
    for name, credential in credentials.items():
        assert credential not in log, name


def test_no_credential_is_in_the_database(instance: Instance, credentials: dict[str, str]) -> None:
    with psycopg.connect(instance.database_url) as connection:
        tables = [row[0] for row in connection.execute(TABLES)]
        assert len(tables) >= 12
        held = ""
        for table in tables:
            statement = sql.SQL("SELECT t::text FROM authly.{} AS t").format(sql.Identifier(table))
            held += "\n".join(row[0] for row in connection.execute(statement))
    for name, credential in credentials.items():
        assert credential not in held, name
        assert credential.partition("_")[2] not in held or not credential.partition("_")[2], name


def test_no_credential_is_in_the_metrics(instance: Instance, credentials: dict[str, str]) -> None:
    text = _metrics(instance)
    for name, credential in credentials.items():
        assert credential not in text, name


def _metrics(instance: Instance) -> str:
    return httpx.get(f"{instance.server.management_url}/metrics").text


def test_every_line_of_the_log_is_an_object_with_time_level_and_event(instance: Instance) -> None:
    for record in instance.server.records():
        assert {"time", "level", "event", "logger"} <= set(record)


def test_each_request_is_one_line_that_its_reference_finds(instance: Instance) -> None:
    reference = instance.http.get("/jwks").headers["X-Request-Id"]
    (record,) = (each for each in instance.server.records() if each.get("request_id") == reference)
    assert record["endpoint"] == "jwks"
    assert record["status"] == 200
    assert record["method"] == "GET"
    assert record["client_address"] == "127.0.0.1"
    assert record["milliseconds"] > 0


def test_a_page_shows_the_reference_of_its_error(instance: Instance) -> None:
    answer = instance.http.get("/authorize")
    assert f'<code id="error-reference">{answer.headers["X-Request-Id"]}</code>' in answer.text


def test_a_replay_is_a_warning_with_its_grant(
    instance: Instance, credentials: dict[str, str]
) -> None:
    assert credentials
    replays = [each for each in instance.server.records() if each["event"] == "credential replayed"]
    assert replays
    assert all(each["level"] == "warning" and each["grant_id"] for each in replays)


def test_the_guides_dashboards_find_their_metrics(instance: Instance) -> None:
    instance.tokens()
    text = _metrics(instance)
    assert 'authly_requests_total{endpoint="token",method="POST",status="200"}' in text
    assert 'authly_request_duration_seconds_bucket{endpoint="token",le="0.1"}' in text
    assert "\nauthly_db_connections_active 0" in text
    assert 'authly_oauth_authorizations_total{result="granted"}' in text
    assert 'authly_tokens_issued_total{grant_type="authorization_code"}' in text


def test_requests_are_counted_by_names_and_never_by_paths(instance: Instance) -> None:
    unknown = {"endpoint": "unknown", "method": "GET", "status": "404"}
    before = instance.metric("authly_requests_total", **unknown)
    for number in range(5):
        instance.http.get(f"/made-up/{number}")
    assert instance.metric("authly_requests_total", **unknown) == before + 5
    instance.http.request("BREW", "/jwks")
    assert "BREW" not in _metrics(instance)
    assert "made-up" not in _metrics(instance)


def test_refusals_are_counted_by_their_error(instance: Instance) -> None:
    before = instance.metric("authly_token_errors_total", error="invalid_grant")
    instance.exchange("ac_x")
    assert instance.metric("authly_token_errors_total", error="invalid_grant") == before + 1
    denied = instance.metric("authly_oauth_authorizations_total", result="invalid_scope")
    instance.person.authorize(instance.shop, scope="no-such")
    now = instance.metric("authly_oauth_authorizations_total", result="invalid_scope")
    assert now == denied + 1


def test_metrics_are_on_the_management_port_only(instance: Instance) -> None:
    assert instance.http.get("/metrics").status_code == 404
