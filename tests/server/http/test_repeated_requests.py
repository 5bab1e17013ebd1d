"""Requests that come again, byte for byte, are answered as if nobody remembered the first."""

import time
from typing import Any

import httpx
import jwt
import pytest
from tests.server.http import possessing

from throwaway import keys
from throwaway.instance import Instance
from throwaway.registration import RegisteredClient
from throwaway.signer import Signer


FORM = {"grant_type": "client_credentials"}
OF_EACH = {"jti", "iat", "exp"}


@pytest.fixture
def machine(instance: Instance, request: pytest.FixtureRequest) -> RegisteredClient:
    """A client of the test's own, whose request has been answered before."""
    name = f"machine-{abs(hash(request.node.name))}"
    client = instance.apply_client(name, scopes=["read", "write"])
    for _ in range(2):
        ask(instance, client).raise_for_status()
    return client


def ask(instance: Instance, client: RegisteredClient, **headers: str) -> httpx.Response:
    return instance.http.post("/token", auth=client.basic, data=FORM, headers=headers)


def claims(answer: httpx.Response) -> dict[str, Any]:
    token = answer.raise_for_status().json()["access_token"]
    return jwt.decode(token, options={"verify_signature": False})


def test_each_answer_has_a_token_of_its_own(instance: Instance, machine: RegisteredClient) -> None:
    answers = [ask(instance, machine) for _ in range(20)]
    told = [claims(answer) for answer in answers]
    assert len({each["jti"] for each in told}) == len(told)
    assert all(each["exp"] - each["iat"] == 1800 for each in told)
    assert all(abs(each["iat"] - time.time()) < 30 for each in told)


def test_it_is_answered_as_the_first_one_was(instance: Instance) -> None:
    client = instance.apply_client("twice", scopes=["read", "write"])
    first, again = (ask(instance, client) for _ in range(2))
    varying = {"x-request-id", "date"}
    assert {n: v for n, v in first.headers.items() if n not in varying} == {
        n: v for n, v in again.headers.items() if n not in varying
    }
    assert first.json() | {"access_token": ""} == again.json() | {"access_token": ""}
    assert {n: v for n, v in claims(first).items() if n not in OF_EACH} == {
        n: v for n, v in claims(again).items() if n not in OF_EACH
    }
    assert {instance.is_active(answer.json()["access_token"]) for answer in (first, again)} == {
        True
    }


def test_one_token_is_revoked_and_the_next_is_not(
    instance: Instance, machine: RegisteredClient
) -> None:
    one, other = (ask(instance, machine).json()["access_token"] for _ in range(2))
    instance.post("/revoke", machine, token=one).raise_for_status()
    after = ask(instance, machine).json()["access_token"]
    assert [instance.is_active(token) for token in (one, other, after)] == [False, True, True]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        pytest.param({"access_token_ttl": 60}, {"expires_in": 60}, id="another lifetime"),
        pytest.param({"scopes": ["read"]}, {"scope": "read"}, id="fewer scopes"),
        pytest.param(
            {"grant_types": ["authorization_code"]},
            {"error": "unauthorized_client"},
            id="not that grant any more",
        ),
    ],
)
def test_a_changed_client_is_answered_as_it_is_now(
    instance: Instance,
    machine: RegisteredClient,
    change: dict[str, Any],
    expected: dict[str, object],
) -> None:
    instance.apply_client(machine.client_id, **({"scopes": ["read", "write"]} | change))
    deadline = time.monotonic() + 10
    while not expected.items() <= ask(instance, machine).json().items():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_another_key_signs_as_soon_as_there_is_one(
    instance: Instance, machine: RegisteredClient
) -> None:
    before = instance.server.key_ring.read_bytes()
    keys.write_ring(instance.server.key_ring, keys.draw("next"))
    deadline = time.monotonic() + 20
    try:
        while _kid(ask(instance, machine)) != "next":
            assert time.monotonic() < deadline
            time.sleep(0.1)
    finally:
        instance.server.key_ring.write_bytes(before)


def test_a_token_is_described_in_the_same_way_each_time(
    instance: Instance, machine: RegisteredClient
) -> None:
    token = ask(instance, machine).json()["access_token"]
    answers = [describe(instance, machine, token) for _ in range(4)]
    assert answers[0]["active"] is True
    assert answers == [answers[0]] * 4


def test_it_is_inactive_as_soon_as_it_is_revoked(
    instance: Instance, machine: RegisteredClient
) -> None:
    token = described(instance, machine)
    instance.post("/revoke", machine, token=token).raise_for_status()
    assert describe(instance, machine, token) == {"active": False}


def test_it_is_inactive_as_soon_as_it_has_expired(instance: Instance) -> None:
    client = instance.apply_client("hasty", access_token_ttl=4)
    token = described(instance, client)
    expires_at = claims(ask(instance, client))["exp"]
    time.sleep(max(0.0, expires_at + 0.1 - time.time()))
    assert describe(instance, client, token) == {"active": False}


def test_nobody_else_hears_of_it(instance: Instance, machine: RegisteredClient) -> None:
    token = described(instance, machine)
    stranger = instance.apply_client("nosy", audiences=["https://nosy.example"])
    assert describe(instance, stranger, token) == {"active": False}


def test_whoever_it_is_not_meant_for_any_more_hears_nothing(
    instance: Instance, machine: RegisteredClient
) -> None:
    resource = instance.apply_client("moving", audiences=["https://api.example"])
    token = described(instance, machine, resource)
    instance.apply_client("moving", audiences=["https://elsewhere.example"])
    deadline = time.monotonic() + 10
    while describe(instance, resource, token) != {"active": False}:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_token_of_a_key_that_is_gone_is_inactive(
    instance: Instance, machine: RegisteredClient
) -> None:
    token, before = described(instance, machine), instance.server.key_ring.read_bytes()
    keys.write_ring(instance.server.key_ring, keys.draw("only"))
    deadline = time.monotonic() + 20
    try:
        while describe(instance, machine, token) != {"active": False}:
            assert time.monotonic() < deadline
            time.sleep(0.1)
    finally:
        instance.server.key_ring.write_bytes(before)


def described(
    instance: Instance, machine: RegisteredClient, by: RegisteredClient | None = None
) -> str:
    """A token that has been asked about, by its own client or another, often enough to be known."""
    token = str(ask(instance, machine).json()["access_token"])
    for _ in range(3):
        assert describe(instance, by or machine, token)["active"]
    return token


def describe(instance: Instance, client: RegisteredClient, token: str) -> dict[str, Any]:
    told: dict[str, Any] = (
        instance.post("/introspect", client, token=token).raise_for_status().json()
    )
    return told


def _kid(answer: httpx.Response) -> object:
    return jwt.get_unverified_header(answer.raise_for_status().json()["access_token"])["kid"]


def test_a_proof_of_a_key_beside_it_binds_the_token(
    instance: Instance, machine: RegisteredClient
) -> None:
    bound = possessing.send(instance, Signer.draw("ES256"), machine, **FORM)
    assert (bound.status_code, bound.json()["token_type"]) == (200, "DPoP")
    assert "cnf" in claims(bound)
    assert "cnf" not in claims(ask(instance, machine)), "and that is not what stands from then on"


@pytest.mark.parametrize("headers", [{"DPoP": "a.b.c"}, {"Content-Type": "application/json"}])
def test_what_is_wrong_beside_it_is_refused(
    instance: Instance, machine: RegisteredClient, headers: dict[str, str]
) -> None:
    assert ask(instance, machine, **headers).status_code == 400


def test_a_query_is_refused(instance: Instance, machine: RegisteredClient) -> None:
    answer = instance.http.post("/token?scope=read", auth=machine.basic, data=FORM)
    assert answer.status_code == 400


def test_scripts_of_other_origins_may_not_read_it(instance: Instance) -> None:
    client = instance.apply_client("scripted", allowed_cors_origins=["https://own.example"])
    origins = ["https://own.example", "https://other.example"] * 2
    allowed = [
        ask(instance, client, Origin=each).headers.get("Access-Control-Allow-Origin")
        for each in origins
    ]
    assert allowed == ["https://own.example", None] * 2


def test_each_is_counted(instance: Instance, machine: RegisteredClient) -> None:
    def issued() -> float:
        return instance.metric("authly_tokens_issued_total", grant_type="client_credentials")

    before = issued()
    for _ in range(3):
        ask(instance, machine).raise_for_status()
    assert issued() == before + 3
