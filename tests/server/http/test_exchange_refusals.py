"""T26: tokens and requests that are exchanged for nothing, RFC 8693."""

from typing import Any

import pytest
from tests.server.http import exchanging, possessing
from tests.server.http.exchanging import (
    ACCESS_TOKEN,
    GRANT,
    GRANTS,
    ORDERS,
    STOCK,
    acting,
    claims,
    exchange,
)

from throwaway.instance import Instance, problem
from throwaway.registration import RegisteredClient
from throwaway.signer import Signer


@pytest.fixture(scope="module")
def front(instance: Instance) -> RegisteredClient:
    return exchanging.front(instance)


@pytest.fixture(scope="module")
def orders(instance: Instance) -> RegisteredClient:
    return exchanging.orders(instance)


@pytest.fixture(scope="module")
def stranger(instance: Instance) -> RegisteredClient:
    return exchanging.stranger(instance)


@pytest.fixture(scope="module")
def token(instance: Instance, front: RegisteredClient) -> str:
    """A person's token."""
    return str(instance.tokens(front, scope="profile read")["access_token"])


SUBJECTS = {
    "nothing like a token": "x",
    "three parts": "a.b.c",
    "20 KB": "x" * 15_000,
    "unicode": "é.é.é",
    "a refresh token": "art_" + "A" * 91,
    "a code": "ac_" + "A" * 64,
}


@pytest.mark.parametrize(
    "subject", [pytest.param(text, id=name) for name, text in SUBJECTS.items()]
)
def test_what_is_no_token_of_ours_is_refused(
    instance: Instance, front: RegisteredClient, subject: str
) -> None:
    assert problem(exchange(instance, front, subject)) == (400, "invalid_request")


def test_a_token_of_another_issuer_is_refused(
    instance: Instance, front: RegisteredClient, token: str
) -> None:
    forged = Signer.draw("ES256").sign(claims(token), typ="at+jwt", kid="first")
    assert problem(exchange(instance, front, forged)) == (400, "invalid_request")


def test_a_refresh_token_and_an_id_token_are_no_subjects(
    instance: Instance, front: RegisteredClient
) -> None:
    known = instance.apply_client("known", grant_types=GRANTS, scopes=["openid"])
    issued = instance.tokens(known, scope="openid")
    for subject in (issued["refresh_token"], issued["id_token"]):
        assert problem(exchange(instance, known, subject)) == (400, "invalid_request")
    assert front.client_id != known.client_id


def test_a_token_that_was_revoked_is_refused(instance: Instance, front: RegisteredClient) -> None:
    revoked = instance.tokens(front)["access_token"]
    instance.post("/revoke", front, token=revoked).raise_for_status()
    assert problem(exchange(instance, front, revoked)) == (400, "invalid_request")


def test_a_token_of_another_client_is_refused_to_whom_it_does_not_name(
    instance: Instance, stranger: RegisteredClient, token: str
) -> None:
    for form in ({}, acting(instance, stranger)):
        answer = exchange(instance, stranger, token, **form)
        assert problem(answer) == (400, "invalid_request")


def test_an_actor_must_be_the_client_itself(
    instance: Instance, front: RegisteredClient, orders: RegisteredClient, token: str
) -> None:
    answer = exchange(instance, orders, token, **acting(instance, front))
    assert problem(answer) == (400, "invalid_request")


def test_who_acts_for_another_is_no_actor(
    instance: Instance, orders: RegisteredClient, token: str
) -> None:
    delegated = exchange(instance, orders, token, **acting(instance, orders)).json()
    form = {"actor_token": delegated["access_token"], "actor_token_type": ACCESS_TOKEN}
    answer = exchange(instance, orders, token, **form)
    assert problem(answer) == (400, "invalid_request")


@pytest.mark.parametrize(
    ("form", "error"),
    [
        pytest.param({"scope": "read write"}, "invalid_scope", id="scope of others"),
        pytest.param({"scope": "admin"}, "invalid_scope", id="other scope"),
        pytest.param({"audience": "https://other.example"}, "invalid_target", id="audience"),
        pytest.param({"resource": "https://other.example"}, "invalid_target", id="resource"),
        pytest.param({"audience": "é"}, "invalid_target", id="audience not ASCII"),
        pytest.param({"resource": "relative"}, "invalid_target", id="relative resource"),
        pytest.param({"subject_token": ""}, "invalid_request", id="no subject"),
        pytest.param({"subject_token_type": ""}, "invalid_request", id="no type"),
        pytest.param({"subject_token_type": "x"}, "invalid_request", id="unknown type"),
        pytest.param(
            {"subject_token_type": ACCESS_TOKEN.replace("access", "refresh")},
            "invalid_request",
            id="refresh token",
        ),
        pytest.param(
            {"requested_token_type": ACCESS_TOKEN.replace("access", "refresh")},
            "invalid_request",
            id="a refresh token wanted",
        ),
        pytest.param({"requested_token_type": "x"}, "invalid_request", id="unknown wanted"),
        pytest.param({"actor_token": "x"}, "invalid_request", id="actor without type"),
        pytest.param({"actor_token_type": ACCESS_TOKEN}, "invalid_request", id="type alone"),
        pytest.param(
            {"actor_token": "x", "actor_token_type": ACCESS_TOKEN}, "invalid_request", id="actor"
        ),
    ],
)
def test_a_wrong_request_is_refused(
    instance: Instance, front: RegisteredClient, token: str, form: dict[str, str], error: str
) -> None:
    answer = exchange(instance, front, **{"subject_token": token} | form)
    assert problem(answer) == (400, error)


def test_a_scope_that_the_token_lacks_is_refused_though_the_client_has_it(
    instance: Instance, front: RegisteredClient
) -> None:
    narrow = instance.tokens(front, scope="read")["access_token"]
    answer = exchange(instance, front, narrow, scope="profile")
    assert problem(answer) == (400, "invalid_scope")


def test_an_audience_that_the_token_lacks_is_refused_though_the_client_has_it(
    instance: Instance, front: RegisteredClient
) -> None:
    narrow = instance.tokens(front, resource=ORDERS)["access_token"]
    answer = exchange(instance, front, narrow, audience=STOCK)
    assert problem(answer) == (400, "invalid_target")


def test_more_than_ten_targets_are_refused(
    instance: Instance, front: RegisteredClient, token: str
) -> None:
    many: dict[str, Any] = {"audience": ["orders"] * 11}
    assert problem(exchange(instance, front, token, **many)) == (400, "invalid_target")


def test_a_service_without_a_common_scope_or_audience_gets_nothing(
    instance: Instance, front: RegisteredClient, orders: RegisteredClient
) -> None:
    about = instance.tokens(front, scope="profile")["access_token"]
    assert problem(exchange(instance, orders, about)) == (400, "invalid_scope")
    spec = {"grant_types": GRANTS, "audiences": ["orders"]}
    lone = instance.apply_client("lone", **spec)
    elsewhere = instance.tokens(lone)["access_token"]
    assert problem(exchange(instance, orders, elsewhere)) == (400, "invalid_target")


def test_a_public_client_exchanges_nothing(instance: Instance) -> None:
    app = instance.apply_client(
        "app", auth_method="none", grant_types=["authorization_code", GRANT]
    )
    token = instance.tokens(app)["access_token"]
    assert problem(exchange(instance, app, token)) == (400, "unauthorized_client")


def test_a_client_without_the_grant_exchanges_nothing(instance: Instance) -> None:
    token = instance.tokens()["access_token"]
    assert problem(exchange(instance, instance.shop, token)) == (400, "unauthorized_client")


def test_a_bound_token_of_ones_own_needs_its_key(
    instance: Instance, front: RegisteredClient
) -> None:
    key, other = Signer.draw("ES256"), Signer.draw("ES256")
    form = {"grant_type": "client_credentials"}
    bound = possessing.send(instance, key, front, **form).json()["access_token"]
    assert problem(exchange(instance, front, bound)) == (400, "invalid_request")
    form = {"grant_type": GRANT, "subject_token": bound, "subject_token_type": ACCESS_TOKEN}
    answer = possessing.send(instance, other, front, **form)
    assert problem(answer) == (400, "invalid_request")
    told = possessing.send(instance, key, front, **form).json()
    assert told["token_type"] == "DPoP"
    assert claims(told["access_token"])["cnf"] == claims(bound)["cnf"]
