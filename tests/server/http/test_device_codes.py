"""T24: what a device is answered while it waits, and once somebody has decided."""

import asyncio
import contextlib
import time

import httpx
import jwt
import pytest
from tests.server.http import devices, possessing

from throwaway import server as throwaway_server
from throwaway.browser import Browser
from throwaway.instance import Instance, problem
from throwaway.registration import RegisteredClient
from throwaway.signer import Signer


INTERVAL = "SELECT poll_interval FROM authly.device_authorizations ORDER BY created_at DESC LIMIT 1"


@pytest.fixture(scope="module")
def tv(instance: Instance) -> RegisteredClient:
    return devices.register(instance)


@pytest.fixture(scope="module")
def browser(instance: Instance) -> Browser:
    browser = instance.browser()
    devices.visit(browser)
    return browser


def test_a_device_is_told_two_codes(instance: Instance, tv: RegisteredClient) -> None:
    answer = instance.post("/device_authorization", tv, scope="read")
    assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "no-store")
    told = answer.json()
    assert set(told["user_code"]) <= set("BCDFGHJKLMNPQRSTVWXZ-")
    assert len(told["user_code"]) == 9
    assert told["verification_uri"] == f"{instance.server.issuer}/device"
    assert told["verification_uri_complete"].endswith(f"/device?user_code={told['user_code']}")
    assert (told["expires_in"], told["interval"]) == (600, 5)


def test_a_device_that_was_allowed_gets_tokens(
    instance: Instance, tv: RegisteredClient, browser: Browser
) -> None:
    begun = devices.begin(instance, tv, scope="profile read", resource="https://api.example")
    page = devices.decide(browser, begun["user_code"], "allow")
    assert 'id="device-allowed"' in page.text
    answer = devices.poll(instance, tv, begun["device_code"])
    assert answer.status_code == 200
    issued = answer.json()
    assert issued["scope"] == "profile read"
    claims = jwt.decode(issued["access_token"], options={"verify_signature": False})
    assert claims["aud"] == "https://api.example"
    assert instance.userinfo(issued["access_token"]).status_code == 200
    assert instance.refresh(issued["refresh_token"], tv).status_code == 200


def test_a_device_may_ask_who_the_person_is(instance: Instance, browser: Browser) -> None:
    client = devices.register(instance, "known-tv", scopes=["openid", "read"])
    begun = devices.begin(instance, client, scope="openid")
    devices.decide(browser, begun["user_code"], "allow")
    issued = devices.poll(instance, client, begun["device_code"]).json()
    claims = jwt.decode(issued["id_token"], options={"verify_signature": False})
    assert claims["sub"] == instance.fetch("SELECT id::text FROM authly.users")
    assert claims["aud"] == "known-tv"


def test_a_device_without_a_scope_gets_the_default_ones(
    instance: Instance, tv: RegisteredClient, browser: Browser
) -> None:
    begun = devices.begin(instance, tv, scope="")
    devices.decide(browser, begun["user_code"], "allow")
    assert devices.poll(instance, tv, begun["device_code"]).json()["scope"] == "profile read"


def test_a_device_that_nobody_decided_about_waits(instance: Instance, tv: RegisteredClient) -> None:
    begun = devices.begin(instance, tv)
    answer = devices.poll(instance, tv, begun["device_code"])
    assert problem(answer) == (400, "authorization_pending")
    instance.execute(devices.WAIT)
    answer = devices.poll(instance, tv, begun["device_code"])
    assert problem(answer) == (400, "authorization_pending")
    assert instance.fetch(INTERVAL) == 5


def test_a_device_that_asks_too_fast_waits_longer_each_time(
    instance: Instance, tv: RegisteredClient
) -> None:
    begun = devices.begin(instance, tv)
    devices.poll(instance, tv, begun["device_code"])
    for interval in (10, 15):
        answer = devices.poll(instance, tv, begun["device_code"])
        assert problem(answer) == (400, "slow_down")
        assert instance.fetch(INTERVAL) == interval
    seconds = "UPDATE authly.device_authorizations SET polled_at = now() - interval '14 seconds'"
    instance.execute(seconds)
    assert problem(devices.poll(instance, tv, begun["device_code"])) == (400, "slow_down")
    instance.execute(devices.WAIT)
    answer = devices.poll(instance, tv, begun["device_code"])
    assert problem(answer) == (400, "authorization_pending")


def test_whoever_asks_too_fast_is_counted_over_all_processes(
    instance: Instance, tv: RegisteredClient
) -> None:
    with contextlib.closing(throwaway_server.replicate(instance.server)) as replica:
        begun = devices.begin(instance, tv)
        form = {"grant_type": devices.GRANT, "device_code": begun["device_code"]}
        devices.poll(instance, tv, begun["device_code"])
        answer = instance.http.post(f"{replica.base_url}/token", data=form | {"client_id": "tv"})
    assert problem(answer) == (400, "slow_down")


def test_a_device_that_was_denied_is_told_so(
    instance: Instance, tv: RegisteredClient, browser: Browser
) -> None:
    begun = devices.begin(instance, tv)
    page = devices.decide(browser, begun["user_code"], "deny")
    assert 'id="device-denied"' in page.text
    answer = devices.poll(instance, tv, begun["device_code"])
    assert problem(answer) == (400, "access_denied")


@pytest.mark.parametrize("decision", ["allow", None])
def test_a_device_code_expires_decided_or_not(
    instance: Instance, tv: RegisteredClient, browser: Browser, decision: str | None
) -> None:
    begun = devices.begin(instance, tv)
    if decision is not None:
        devices.decide(browser, begun["user_code"], decision)
    instance.execute("UPDATE authly.device_authorizations SET expires_at = now()")
    answer = devices.poll(instance, tv, begun["device_code"])
    assert problem(answer) == (400, "expired_token")


def test_second_use_of_a_device_code_revokes_its_grant(
    instance: Instance, tv: RegisteredClient, browser: Browser
) -> None:
    begun = devices.begin(instance, tv, scope="profile")
    devices.decide(browser, begun["user_code"], "allow")
    issued = devices.poll(instance, tv, begun["device_code"]).json()
    answer = devices.poll(instance, tv, begun["device_code"])
    assert problem(answer) == (400, "invalid_grant")
    assert instance.userinfo(issued["access_token"]).status_code == 401
    assert problem(instance.refresh(issued["refresh_token"], tv)) == (400, "invalid_grant")
    events = "SELECT count(*) FROM authly.audit_log WHERE event = 'device_code_replayed'"
    assert instance.fetch(events) == 1


async def test_of_many_parallel_polls_exactly_one_gets_tokens(
    instance: Instance, tv: RegisteredClient, browser: Browser
) -> None:
    begun = devices.begin(instance, tv)
    devices.decide(browser, begun["user_code"], "allow")
    form = {"grant_type": devices.GRANT, "device_code": begun["device_code"], "client_id": "tv"}
    async with httpx.AsyncClient(base_url=instance.server.base_url, timeout=30) as http:
        answers = await asyncio.gather(*(http.post("/token", data=form) for _ in range(20)))
    assert sorted(answer.status_code for answer in answers) == [200] + [400] * 19


@pytest.mark.parametrize(
    "device_code",
    ["x", "adc_", "adc_" + "A" * 64, "adc_" + "é" * 64, "ac_" + "A" * 64, "x" * 16_000],
)
def test_what_is_no_device_code_is_an_invalid_grant(
    instance: Instance, tv: RegisteredClient, device_code: str
) -> None:
    assert problem(devices.poll(instance, tv, device_code)) == (400, "invalid_grant")


def test_a_device_code_of_another_client_is_refused_and_not_slowed_down(
    instance: Instance, tv: RegisteredClient
) -> None:
    radio = devices.register(instance, "radio")
    begun = devices.begin(instance, tv)
    answer = devices.poll(instance, radio, begun["device_code"])
    assert problem(answer) == (400, "invalid_grant")
    answer = devices.poll(instance, tv, begun["device_code"])
    assert problem(answer) == (400, "authorization_pending")


def test_a_device_code_of_someone_disabled_meanwhile_is_refused(
    instance: Instance, tv: RegisteredClient, browser: Browser
) -> None:
    begun = devices.begin(instance, tv)
    devices.decide(browser, begun["user_code"], "allow")
    instance.execute("UPDATE authly.users SET enabled = false")
    try:
        answer = devices.poll(instance, tv, begun["device_code"])
        assert problem(answer) == (400, "invalid_grant")
    finally:
        instance.execute("UPDATE authly.users SET enabled = true")


def test_a_device_code_is_required(instance: Instance, tv: RegisteredClient) -> None:
    answer = instance.post("/token", tv, grant_type=devices.GRANT)
    assert problem(answer) == (400, "invalid_request")


def test_only_clients_of_that_grant_begin_or_ask(instance: Instance, tv: RegisteredClient) -> None:
    answer = instance.post("/device_authorization", scope="read")
    assert problem(answer) == (400, "unauthorized_client")
    begun = devices.begin(instance, tv)
    answer = devices.poll(instance, instance.shop, begun["device_code"])
    assert problem(answer) == (400, "unauthorized_client")


def test_a_device_that_can_keep_a_secret_has_to_prove_it(instance: Instance) -> None:
    box = devices.register(instance, "box", auth_method="client_secret_basic")
    assert devices.begin(instance, box)["user_code"]
    for form in (
        {"client_id": "box"},
        {"client_id": "box", "client_secret": "x"},
        {"scope": "read"},
    ):
        answer = instance.http.post("/device_authorization", data=form)
        assert problem(answer) == (401, "invalid_client")


@pytest.mark.parametrize(
    ("form", "error"),
    [
        ({"scope": "admin"}, "invalid_scope"),
        ({"scope": "read  profile"}, "invalid_scope"),
        ({"resource": "https://other.example"}, "invalid_target"),
        ({"resource": "relative"}, "invalid_target"),
    ],
)
def test_a_wrong_request_is_refused(
    instance: Instance, tv: RegisteredClient, form: dict[str, str], error: str
) -> None:
    answer = instance.post("/device_authorization", tv, **{"scope": "read"} | form)
    assert problem(answer) == (400, error)


def test_devices_begin_by_post_only(instance: Instance) -> None:
    answer = instance.http.get("/device_authorization?client_id=tv")
    assert (answer.status_code, answer.headers["Allow"]) == (405, "POST")


def test_a_device_may_bind_its_tokens_to_a_key(
    instance: Instance, tv: RegisteredClient, browser: Browser
) -> None:
    key, other = Signer.draw("ES256"), Signer.draw("ES256")
    begun = devices.begin(instance, tv)
    devices.decide(browser, begun["user_code"], "allow")
    form = {"grant_type": devices.GRANT, "device_code": begun["device_code"]}
    issued = possessing.send(instance, key, tv, **form).json()
    assert issued["token_type"] == "DPoP"
    form = {"grant_type": "refresh_token", "refresh_token": issued["refresh_token"]}
    assert problem(possessing.send(instance, other, tv, **form)) == (400, "invalid_grant")
    assert possessing.send(instance, key, tv, **form).status_code == 200


def test_the_database_knows_no_code(instance: Instance, tv: RegisteredClient) -> None:
    begun = devices.begin(instance, tv)
    row = "SELECT string_agg(row::text, ' ') FROM authly.device_authorizations AS row"
    held = instance.fetch(row)
    for code in (begun["device_code"], begun["user_code"], begun["user_code"].replace("-", "")):
        assert code.removeprefix("adc_") not in held


def test_the_metadata_names_endpoint_and_grant(instance: Instance) -> None:
    told = instance.http.get("/.well-known/oauth-authorization-server").json()
    assert told["device_authorization_endpoint"] == f"{instance.server.issuer}/device_authorization"
    assert devices.GRANT in told["grant_types_supported"]


def test_a_flood_of_polls_is_answered_quickly(instance: Instance, tv: RegisteredClient) -> None:
    begun = devices.begin(instance, tv)
    started = time.monotonic()
    answers = [devices.poll(instance, tv, begun["device_code"]) for _ in range(30)]
    assert time.monotonic() - started < 10
    assert {problem(answer)[1] for answer in answers[1:]} == {"slow_down"}
