"""The faults of the database: what is answered without it, how soon, and that it heals."""

import contextlib
import functools
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import psycopg
import pytest

from authly_server.storage import revisions
from throwaway import (
    instance as throwaway_instance,
    postgres as throwaway_postgres,
    server as throwaway_server,
)
from throwaway.browser import asking, has_form, told
from throwaway.instance import Instance, problem


WAITING = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
Fault = Callable[[], contextlib.AbstractContextManager[None]]
TRIES = 4
"""A machine that is busy for a moment makes anything late; what is always late is a defect."""


@pytest.fixture(scope="module")
def cluster() -> Iterator[throwaway_postgres.Cluster]:
    """A cluster that only this module uses, so that it may be stopped, frozen, and crash."""
    with contextlib.closing(throwaway_postgres.create(synchronous_commit="on")) as cluster:
        yield cluster


@pytest.fixture(scope="module")
def instance(cluster: throwaway_postgres.Cluster) -> Iterator[Instance]:
    url = cluster.create_database("authly")
    environ = {"CACHE_TTL": "0", "DATABASE_TIMEOUT_SECONDS": "1.5"}
    with throwaway_instance.running(url, tls=False, **environ) as running:
        yield running


@pytest.fixture(params=["stopped", "frozen"])
def fault(request: pytest.FixtureRequest, cluster: throwaway_postgres.Cluster) -> Fault:
    @contextlib.contextmanager
    def stopped() -> Iterator[None]:
        cluster.stop()
        try:
            yield
        finally:
            cluster.start()

    return stopped if request.param == "stopped" else cluster.frozen


def answered_in(seconds: float, ask: Callable[[], httpx.Response]) -> httpx.Response:
    taken = []
    for _ in range(TRIES):
        started = time.monotonic()
        answer = ask()
        taken.append(time.monotonic() - started)
        if taken[-1] < seconds:
            return answer
    pytest.fail(f"never within {seconds} s: {taken}")


def assert_soon_unavailable(ask: Callable[[], httpx.Response]) -> httpx.Response:
    answer = answered_in(2.0, ask)
    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) > 0
    assert answer.headers["Cache-Control"] == "no-store"
    return answer


def test_what_needs_the_database_is_unavailable_soon_and_heals_by_itself(
    instance: Instance, fault: Fault
) -> None:
    issued, code = instance.tokens(scope="profile"), instance.code()
    browser = instance.browser()
    page = browser.authorize(instance.shop)
    process = instance.server.process_id
    with fault():
        programs, pages = (
            (
                lambda: instance.post("/token", grant_type="client_credentials"),
                lambda: instance.exchange(code),
                lambda: instance.refresh(issued["refresh_token"]),
                lambda: instance.post("/introspect", token=issued["access_token"]),
                lambda: instance.post("/revoke", token=issued["refresh_token"]),
                lambda: instance.userinfo(issued["access_token"]),
            ),
            (
                lambda: instance.http.get("/authorize", params=asking(instance.shop)),
                lambda: browser.client.get(page.request.url),
            ),
        )
        with ThreadPoolExecutor(len(programs)) as pool:
            for answer in pool.map(assert_soon_unavailable, programs):
                assert problem(answer) == (503, "temporarily_unavailable")
            for answer in pool.map(assert_soon_unavailable, pages):
                assert 'id="error-explanation"' in answer.text
        ready = assert_soon_unavailable(lambda: instance.http.get("/health/ready"))
        assert ready.json()["reason"] == "the database does not answer"
        for path in ("/health/live", "/health", "/jwks", "/.well-known/openid-configuration"):
            answer = answered_in(1.0, functools.partial(instance.http.get, path))
            assert answer.status_code == 200
        # Whether a client of that origin exists is not known now.
        answer = instance.http.get("/jwks", headers={"Origin": "https://app.example"})
        assert (answer.status_code, "Access-Control-Allow-Origin" in answer.headers) == (200, False)
    instance.server.wait("/health/ready")
    assert instance.server.process_id == process
    # Nothing was consumed by a request that was told to come again.
    assert instance.exchange(code).status_code == 200
    assert instance.refresh(issued["refresh_token"]).status_code == 200
    assert "code" in told(instance.person.authorize(instance.shop))


def test_a_sign_in_survives_a_database_that_was_away(instance: Instance, fault: Fault) -> None:
    instance.person.allow(instance.shop)
    browser = instance.browser()
    page = browser.authorize(instance.shop)
    with fault():
        assert browser.sign_in(page).status_code == 503
    instance.server.wait("/health/ready")
    assert not has_form(browser.sign_in(page), "login-form")


def test_a_database_that_went_away_is_no_stack_trace(instance: Instance) -> None:
    assert "Traceback" not in instance.server.log.read_text()
    assert not [each for each in instance.server.records() if each["level"] == "error"]


def test_an_exhausted_pool_is_unavailable_soon(cluster: throwaway_postgres.Cluster) -> None:
    url = cluster.create_database("exhausted")
    environ = {"CACHE_TTL": "0", "DATABASE_TIMEOUT_SECONDS": "1.5", "DATABASE_POOL_MAX": "1"}
    with throwaway_instance.running(url, tls=False, **environ) as instance:
        code = instance.code()
        with psycopg.connect(url) as other:
            other.execute("LOCK TABLE authly.authorization_codes")
            assert_soon_unavailable(lambda: instance.exchange(code))
        assert instance.exchange(code).status_code == 200


def test_a_code_whose_exchange_the_database_did_not_survive_is_good_once_and_once_only(
    cluster: throwaway_postgres.Cluster,
) -> None:
    url = cluster.create_database("crashing")
    with throwaway_instance.running(url, DATABASE_TIMEOUT_SECONDS="20") as instance:
        code = instance.code()
        with psycopg.connect(url) as other, ThreadPoolExecutor(1) as pool:
            other.execute("LOCK TABLE authly.authorization_codes")
            exchange = pool.submit(instance.exchange, code)
            while not instance.fetch(WAITING):
                pass
            cluster.crash()
            try:
                assert problem(exchange.result()) == (503, "temporarily_unavailable")
                other.close()
            finally:
                cluster.start()
        instance.server.wait("/health/ready")
        assert [instance.exchange(code).status_code for _ in range(2)] == [200, 400]


def test_a_server_starts_without_its_database_and_becomes_ready_with_it(
    cluster: throwaway_postgres.Cluster,
) -> None:
    url = cluster.create_database("late")
    with throwaway_instance.running(url, tls=False) as instance:
        instance.server.kill()
        cluster.stop()
        try:
            instance.server.start(until="/health/live")
            assert instance.http.get("/health/ready").status_code == 503
            assert instance.http.get("/jwks").status_code == 200
        finally:
            cluster.start()
        instance.server.wait("/health/ready")


def test_an_older_schema_is_not_ready_and_a_newer_one_is(instance: Instance) -> None:
    instance.server.wait("/health/ready")  # the database went from under it in tests before
    latest = revisions.latest()
    instance.execute("UPDATE authly.schema_migrations SET revision = 0 WHERE revision = %s", latest)
    try:
        answer = instance.http.get("/health/ready")
        assert answer.status_code == 503
        assert f"{latest} is needed" in answer.json()["reason"]
        assert instance.http.get("/health/live").status_code == 200
    finally:
        instance.execute(
            "UPDATE authly.schema_migrations SET revision = %s WHERE revision = 0", latest
        )
    instance.execute("INSERT INTO authly.schema_migrations VALUES (9999, 'from the future')")
    try:
        answer = instance.http.get("/health/ready")
        assert answer.status_code == 200
        assert answer.json()["schema_revision"] == 9999
    finally:
        instance.execute("DELETE FROM authly.schema_migrations WHERE revision = 9999")


def test_a_database_without_a_schema_is_not_ready(cluster: throwaway_postgres.Cluster) -> None:
    url = cluster.create_database("bare")
    with contextlib.closing(throwaway_server.create(url, start=False)) as server:
        server.start(until="/health/live")
        answer = httpx.get(f"{server.base_url}/health/ready")
        assert answer.status_code == 503
        token = httpx.post(f"{server.base_url}/token", data={"grant_type": "x", "client_id": "y"})
        assert token.status_code in {400, 503}
