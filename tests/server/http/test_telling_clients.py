"""L14: OpenID Connect Back-Channel Logout, queued, retried, and never sent astray."""

import contextlib
import itertools
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs

import jwt
import pytest

from throwaway import openid, registration, server as throwaway_server
from throwaway.browser import Browser, told
from throwaway.instance import Instance
from throwaway.publisher import Publisher
from throwaway.registration import RegisteredClient


EVENT = "http://schemas.openid.net/event/backchannel-logout"
_numbers = itertools.count(1)
Register = Callable[..., RegisteredClient]


@pytest.fixture(scope="module")
def settings(reaching: dict[str, str]) -> dict[str, str]:
    return {
        "CACHE_TTL": "0",
        **reaching,
    }


@pytest.fixture
def register(instance: Instance, host: Publisher) -> Register:
    """Register a client that answers a logout token with 200 unless told otherwise."""

    def make(status: str = "200 OK", uri: str | None = None, **spec: Any) -> RegisteredClient:
        client_id = f"told-{next(_numbers)}"
        published = host.publish(f"/{client_id}", b"", status=status)
        return openid.apply_client(
            instance, client_id, backchannel_logout_uri=uri or published, **spec
        )

    return make


@pytest.fixture
def browser(instance: Instance) -> Browser:
    """Nobody's yet; what other tests have left to be delivered is gone."""
    instance.execute("DELETE FROM authly.logout_notices")
    return instance.browser()


def sign_in(instance: Instance, browser: Browser, client: RegisteredClient) -> dict[str, Any]:
    """The claims of the ID token that the client gets."""
    code = browser.allow(client, scope="openid")["code"]
    id_token = instance.exchange(code, client).json()["id_token"]
    alg = client.spec.get("id_token_signed_response_alg", "RS256")
    return openid.read(instance, id_token, client, alg=alg)


def sign_out(browser: Browser) -> None:
    page = browser.client.get("/logout")
    assert 'id="logout-done"' in browser.submit(page, decision="sign-out").text


def waiting(instance: Instance, client: RegisteredClient) -> int:
    """How many notices wait for that client."""
    return int(
        instance.fetch(
            "SELECT count(*) FROM authly.logout_notices AS notice JOIN authly.clients AS client"
            " ON client.id = notice.client_id WHERE client.client_id = %s",
            client.client_id,
        )
    )


def attempts(instance: Instance, client: RegisteredClient) -> int | None:
    found = instance.fetch(
        "SELECT attempts FROM authly.logout_notices AS notice JOIN authly.clients AS client"
        " ON client.id = notice.client_id WHERE client.client_id = %s",
        client.client_id,
    )
    return None if found is None else int(found)


def let_time_pass(instance: Instance) -> None:
    """Whatever waits for its next attempt is due."""
    instance.execute("UPDATE authly.logout_notices SET next_attempt_at = now()")


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 90
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def tokens_for(host: Publisher, client: RegisteredClient) -> list[str]:
    """The logout tokens that have arrived for that client."""
    texts = [parse_qs(body.decode())["logout_token"][0] for body in host.bodies]
    audience = {text: jwt.decode(text, options={"verify_signature": False}) for text in texts}
    return [text for text in texts if audience[text]["aud"] == client.client_id]


def test_each_client_of_the_session_gets_a_logout_token(
    instance: Instance, host: Publisher, browser: Browser, register: Register
) -> None:
    """Sections 2.4 and 2.5."""
    first, second, bystander = (
        register(),
        register(id_token_signed_response_alg="ES256"),
        register(),
    )
    knew = {client.client_id: sign_in(instance, browser, client) for client in (first, second)}
    sign_in(instance, instance.browser(), bystander)
    browser.allow(register(), scope="read")
    sign_out(browser)
    for client, alg in ((first, "RS256"), (second, "ES256")):
        wait_for(lambda client=client: bool(tokens_for(host, client)))  # type: ignore[misc]
        (text,) = tokens_for(host, client)
        assert jwt.get_unverified_header(text)["typ"] == "logout+jwt"
        claims = openid.read_jwt(instance, text, client, alg=alg)
        assert set(claims) == {"iss", "sub", "aud", "iat", "exp", "jti", "events", "sid"}
        assert claims["events"] == {EVENT: {}}
        assert claims["sid"] == knew[client.client_id]["sid"]
        assert claims["sub"] == knew[client.client_id]["sub"]
        assert 0 < claims["exp"] - claims["iat"] <= 120
        wait_for(lambda client=client: waiting(instance, client) == 0)  # type: ignore[misc]
    assert instance.fetch("SELECT count(*) FROM authly.logout_notices") == 0
    assert tokens_for(host, bystander) == []


def test_a_logout_token_is_no_id_token(
    instance: Instance, host: Publisher, browser: Browser, register: Register
) -> None:
    client = register()
    sign_in(instance, browser, client)
    sign_out(browser)
    wait_for(lambda: bool(tokens_for(host, client)))
    (text,) = tokens_for(host, client)
    answer = browser.authorize(client, scope="openid", id_token_hint=text)
    assert told(answer)["error"] == "invalid_request"


def test_a_client_that_fails_is_told_again_later(
    instance: Instance, host: Publisher, browser: Browser, register: Register
) -> None:
    client = register("503 Service Unavailable")
    sign_in(instance, browser, client)
    sign_out(browser)
    wait_for(lambda: attempts(instance, client) == 1 and bool(tokens_for(host, client)))
    pause = "SELECT extract(epoch FROM max(next_attempt_at) - now()) FROM authly.logout_notices"
    assert 5 < instance.fetch(pause) < 17
    let_time_pass(instance)
    wait_for(lambda: attempts(instance, client) == 2)
    assert 20 < instance.fetch(pause) < 34
    host.publish(f"/{client.client_id}", b"", status="204 No Content")
    let_time_pass(instance)
    wait_for(lambda: waiting(instance, client) == 0)
    first, *_, last = (openid.read_jwt(instance, text, client) for text in tokens_for(host, client))
    assert first["jti"] != last["jti"]
    assert first["sid"] == last["sid"]


@pytest.mark.parametrize("status", ["400 Bad Request", "404 Not Found", "410 Gone"])
def test_a_client_that_refuses_is_not_told_again(
    instance: Instance, host: Publisher, browser: Browser, register: Register, status: str
) -> None:
    """Section 2.8."""
    before = instance.metric("authly_logout_notices_total", outcome="given_up")
    client = register(status)
    sign_in(instance, browser, client)
    sign_out(browser)
    wait_for(lambda: bool(tokens_for(host, client)) and waiting(instance, client) == 0)
    assert instance.metric("authly_logout_notices_total", outcome="given_up") == before + 1


def test_after_the_last_attempt_a_client_is_given_up(
    instance: Instance, host: Publisher, browser: Browser, register: Register
) -> None:
    client = register("500 Internal Server Error")
    sign_in(instance, browser, client)
    sign_out(browser)
    wait_for(lambda: attempts(instance, client) == 1)
    instance.execute("UPDATE authly.logout_notices SET attempts = 9, next_attempt_at = now()")
    wait_for(lambda: waiting(instance, client) == 0)
    assert len(tokens_for(host, client)) == 2


@pytest.mark.parametrize(
    "uri",
    [
        "https://169.254.169.254/latest/meta-data",
        "https://10.0.0.1/logout",
        "https://[::1]/logout",
        "https://localhost:1/logout",
        "https://0x7f000001/logout",
        "https://nothing.invalid/logout",
    ],
)
def test_nothing_is_sent_to_where_a_client_may_not_be(
    instance: Instance, browser: Browser, register: Register, uri: str
) -> None:
    client = register(uri=uri)
    sign_in(instance, browser, client)
    sign_out(browser)
    wait_for(lambda: attempts(instance, client) == 1)
    refused = [
        each
        for each in instance.server.records()
        if each["event"] == "logout notice" and each["client_id"] == client.client_id
    ]
    assert [each["outcome"] for each in refused] == ["postponed"]
    assert instance.http.get("/health/ready").status_code == 200


def test_a_redirect_is_not_followed(
    instance: Instance, host: Publisher, browser: Browser, register: Register
) -> None:
    elsewhere = host.publish("/elsewhere", b"")
    client = register()
    moved = b"HTTP/1.1 307 Temporary Redirect\r\nContent-Length: 0\r\nLocation: "
    host.answer(f"/{client.client_id}", moved + elsewhere.encode() + b"\r\n\r\n")
    sign_in(instance, browser, client)
    sign_out(browser)
    wait_for(lambda: attempts(instance, client) == 1 and bool(tokens_for(host, client)))
    assert host.asked["/elsewhere"] == 0


def test_a_client_that_does_not_answer_delays_no_logout(
    instance: Instance, host: Publisher, browser: Browser, register: Register
) -> None:
    host.answer("/slow", b"", pause=60.0)
    slow = register(uri=f"https://127.0.0.1:{host.port}/slow")  # to the server another host
    sign_in(instance, browser, slow)
    started = time.monotonic()
    sign_out(browser)
    assert time.monotonic() - started < 3
    wait_for(lambda: bool(tokens_for(host, slow)))
    quick, other = register(), instance.browser()
    sign_in(instance, other, quick)
    sign_out(other)
    wait_for(lambda: bool(tokens_for(host, quick)))
    assert attempts(instance, slow) == 1


def test_a_notice_outlives_the_process_and_is_delivered_once_by_many(
    instance: Instance, host: Publisher, browser: Browser, register: Register
) -> None:
    client = register("500 Internal Server Error")
    sign_in(instance, browser, client)
    sign_out(browser)
    wait_for(lambda: attempts(instance, client) == 1)
    instance.server.kill()
    host.publish(f"/{client.client_id}", b"")
    told_before = len(tokens_for(host, client))
    let_time_pass(instance)
    with contextlib.closing(throwaway_server.replicate(instance.server)):
        instance.server.start()
        wait_for(lambda: waiting(instance, client) == 0)
    assert len(tokens_for(host, client)) == told_before + 1


def test_a_client_or_a_person_deleted_meanwhile_harms_nothing(
    instance: Instance, host: Publisher, browser: Browser, register: Register
) -> None:
    registration.add_user(instance.database_url, "leaver@example.org")
    client, gone = register("500 Internal Server Error"), register("500 Internal Server Error")
    for each in (client, gone):
        page = browser.authorize(each, scope="openid")
        if 'id="login-form"' in page.text:
            page = browser.sign_in(page, "leaver@example.org")
        code = told(browser.submit(page, decision="allow"))["code"]
        assert instance.exchange(code, each).status_code == 200
    sign_out(browser)
    wait_for(lambda: attempts(instance, client) == attempts(instance, gone) == 1)
    instance.execute("DELETE FROM authly.users WHERE email = 'leaver@example.org'")
    owner = gone.spec["owner"]
    registration.call(instance.database_url, "delete_client", gone.client_id, owner, 1)
    assert waiting(instance, gone) == 0
    host.publish(f"/{client.client_id}", b"")
    let_time_pass(instance)
    wait_for(lambda: waiting(instance, client) == 0)
    assert len(tokens_for(host, client)) == 2
