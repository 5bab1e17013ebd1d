"""CORS by client: scripts of an origin that a client registered may use what that client uses."""

import time
from collections.abc import Callable

import httpx
import pytest

from throwaway import openid
from throwaway.instance import Instance, problem
from throwaway.registration import RegisteredClient


APP, OTHER, SETTING = "https://app.example", "https://other.example", "https://setting.example"
METADATA = "/.well-known/openid-configuration"
ALLOWED = "Access-Control-Allow-Origin"


@pytest.fixture(scope="module")
def settings() -> dict[str, str]:
    return {"CORS_ORIGINS": SETTING}


@pytest.fixture(scope="module")
def app(instance: Instance) -> RegisteredClient:
    return openid.apply_client(
        instance, "app", auth_method="none", allowed_cors_origins=[APP, "http://localhost:3000"]
    )


@pytest.fixture(scope="module", autouse=True)
def other(instance: Instance) -> RegisteredClient:
    return instance.apply_client("other", auth_method="none", allowed_cors_origins=[OTHER])


def refresh(instance: Instance, client: RegisteredClient, origin: str) -> httpx.Response:
    form = {"grant_type": "refresh_token", "refresh_token": "x", "client_id": client.client_id}
    return instance.http.post("/token", data=form, headers={"Origin": origin})


def preflight(instance: Instance, origin: str, path: str = "/token") -> str | None:
    asked = {"Origin": origin, "Access-Control-Request-Method": "POST"}
    answer = instance.http.options(path, headers=asked)
    assert "Origin" in answer.headers["Vary"]
    allowed: str | None = answer.headers.get(ALLOWED)
    return allowed


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 90
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.mark.parametrize("path", ["/token", "/par", "/revoke", "/userinfo", "/jwks", METADATA])
@pytest.mark.parametrize("origin", [APP, "http://localhost:3000", OTHER, SETTING])
def test_before_a_client_is_known_the_origin_of_any_may_ask(
    instance: Instance, app: RegisteredClient, path: str, origin: str
) -> None:
    assert preflight(instance, origin, path) == origin


@pytest.mark.parametrize("path", ["/jwks", METADATA])
def test_the_same_bytes_are_for_every_origin_and_caches_know_it(
    instance: Instance, app: RegisteredClient, path: str
) -> None:
    for origin in (APP, OTHER):
        answer = instance.http.get(path, headers={"Origin": origin})
        assert answer.headers[ALLOWED] == origin
    assert instance.http.get(path).headers["Vary"] == "Origin"
    assert (
        ALLOWED not in instance.http.get(path, headers={"Origin": "https://evil.example"}).headers
    )


@pytest.mark.parametrize("origin", [APP, SETTING])
def test_a_client_reads_its_own_answers_from_its_own_origin(
    instance: Instance, app: RegisteredClient, origin: str
) -> None:
    answer = refresh(instance, app, origin)
    assert problem(answer) == (400, "invalid_grant")
    assert answer.headers[ALLOWED] == origin


@pytest.mark.parametrize(
    "origin", [OTHER, "https://evil.example", "null", "https://app.example:444"]
)
def test_the_answers_to_a_client_are_for_no_other_origin(
    instance: Instance, app: RegisteredClient, origin: str
) -> None:
    assert ALLOWED not in refresh(instance, app, origin).headers


def test_userinfo_is_for_the_origins_of_the_client_of_the_token(
    instance: Instance, app: RegisteredClient
) -> None:
    token = instance.tokens(app, scope="openid")["access_token"]
    for origin, allowed in ((APP, APP), (SETTING, SETTING), (OTHER, None)):
        sent = {"Authorization": f"Bearer {token}", "Origin": origin}
        answer = instance.http.get("/userinfo", headers=sent)
        assert answer.status_code == 200
        assert answer.headers.get(ALLOWED) == allowed


def test_a_refusal_before_the_client_is_known_can_be_read(
    instance: Instance, app: RegisteredClient
) -> None:
    expired = {"Authorization": "Bearer x", "Origin": APP}
    answer = instance.http.get("/userinfo", headers=expired)
    assert (answer.status_code, answer.headers[ALLOWED]) == (401, APP)
    assert "WWW-Authenticate" in answer.headers["Access-Control-Expose-Headers"]


@pytest.mark.parametrize("path", ["/authorize", "/login", "/consent", "/device", "/introspect"])
def test_what_people_look_at_and_what_services_ask_is_for_no_origin(
    instance: Instance, app: RegisteredClient, path: str
) -> None:
    for method in ("OPTIONS", "GET", "POST"):
        answer = instance.http.request(method, path, headers={"Origin": APP})
        assert ALLOWED not in answer.headers


def test_a_change_of_the_client_is_heard_at_once(instance: Instance) -> None:
    origin = "https://moving.example"
    assert preflight(instance, origin) is None
    client = instance.apply_client("moving", auth_method="none", allowed_cors_origins=[origin])
    wait_for(lambda: preflight(instance, origin) == origin)
    instance.apply_client(**client.spec | {"enabled": False})
    wait_for(lambda: preflight(instance, origin) is None)
