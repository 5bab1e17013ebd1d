"""Two processes that count in one Redis, and what becomes of that when it is gone."""

import contextlib
import time
from collections.abc import Iterator
from dataclasses import dataclass

import httpx
import pytest

from throwaway import (
    instance as throwaway_instance,
    redis as throwaway_redis,
    server as throwaway_server,
)
from throwaway.browser import Browser, has_form
from throwaway.instance import Instance
from throwaway.redis import Redis
from throwaway.server import Server


GUESS = {"grant_type": "client_credentials", "client_id": "shop", "client_secret": "guess"}
STRICT = 6


@dataclass(frozen=True)
class Pair:
    redis: Redis
    instance: Instance
    other: Server

    @property
    def servers(self) -> tuple[Server, Server]:
        return self.instance.server, self.other

    def until_shared(self, *, is_shared: bool) -> None:
        for server in self.servers:
            deadline = time.monotonic() + 90
            while _is_shared(server) is not is_shared:
                assert time.monotonic() < deadline
                time.sleep(0.02)


@pytest.fixture(scope="module")
def module_pair(module_database_url: str) -> Iterator[Pair]:
    with contextlib.closing(throwaway_redis.create()) as redis:
        environ = {
            "REDIS_URL": redis.url,
            "RATE_LIMIT_ENABLED": "true",
            "LOGIN_THROTTLE_ENABLED": "true",
        }
        with (
            throwaway_instance.running(module_database_url, tls=False, **environ) as instance,
            contextlib.closing(throwaway_server.replicate(instance.server)) as other,
        ):
            yield Pair(redis, instance, other)


@pytest.fixture
def pair(module_pair: Pair) -> Pair:
    module_pair.until_shared(is_shared=True)
    module_pair.redis.ask("FLUSHALL")
    return module_pair


def _is_shared(server: Server) -> bool:
    text = httpx.get(f"{server.management_url}/metrics").text
    return "\nauthly_limits_shared 1.0\n" in text


def guess(server: Server) -> int:
    return httpx.post(f"{server.base_url}/token", data=GUESS).status_code


def admitted(*servers: Server) -> int:
    """How many guesses are answered, asked of the servers by turns, of thirty."""
    statuses = [guess(servers[number % len(servers)]) for number in range(30)]
    assert set(statuses) <= {401, 429}
    return statuses.count(401)


def test_two_processes_share_one_limit(pair: Pair) -> None:
    assert STRICT <= admitted(*pair.servers) <= STRICT + 1
    assert [guess(server) for server in pair.servers] == [429, 429]


def test_a_redis_that_is_gone_leaves_each_to_itself_and_nothing_fails(pair: Pair) -> None:
    pair.redis.stop()
    assert admitted(*pair.servers) >= 2 * STRICT
    pair.until_shared(is_shared=False)
    for server in pair.servers:
        warnings = [each for each in server.records() if "by each process alone" in each["event"]]
        assert len(warnings) == 1
    assert throwaway_redis.PASSWORD not in pair.other.log.read_text()
    pair.redis.start()
    pair.until_shared(is_shared=True)
    assert STRICT <= admitted(*pair.servers) <= STRICT + 1


def test_a_frozen_redis_delays_one_request_and_fails_none(pair: Pair) -> None:
    with pair.redis.frozen():
        started = time.monotonic()
        admitted(pair.other)
        assert time.monotonic() - started < 5
    pair.until_shared(is_shared=True)
    assert guess(pair.other) == 401


def test_wrong_passwords_count_together(pair: Pair) -> None:
    def fail(server: Server) -> int:
        with contextlib.closing(Browser(server.base_url)) as browser:
            page = browser.authorize(pair.instance.shop)
            if not has_form(page, "login-form"):
                return page.status_code
            pair.redis.ask("DEL", *_request_keys(pair.redis))
            return browser.sign_in(page, password="wrong").status_code

    statuses = [fail(pair.servers[number % 2]) for number in range(7)]
    assert statuses == [400] * 5 + [429] * 2


def _request_keys(redis: Redis) -> list[str]:
    """The keys of counted requests, which this test is not about; there is one at least."""
    return [word for word in redis.ask("KEYS", "*address:strict*").split() if ":" in word]


def test_no_name_of_a_person_is_in_redis(pair: Pair) -> None:
    browser = pair.instance.browser()
    browser.sign_in(browser.authorize(pair.instance.shop), "carol@example.org", "wrong")
    keys = pair.redis.ask("KEYS", "*")
    assert "login:person:" in keys
    assert "carol" not in keys
