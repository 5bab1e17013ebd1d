"""T26: tokens of this issuer exchanged for lesser ones, RFC 8693."""

from typing import Any

import httpx
import jwt
import pytest
from tests.server.http import possessing

from throwaway.instance import Instance, problem
from throwaway.registration import RegisteredClient
from throwaway.signer import Signer


GRANT = "urn:ietf:params:oauth:grant-type:token-exchange"
ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"
ORDERS, STOCK = "https://orders.example", "https://stock.example"
GRANTS = ["authorization_code", "refresh_token", "client_credentials", GRANT]


@pytest.fixture(scope="module")
def front(instance: Instance) -> RegisteredClient:
    """Whom people sign in to; its tokens are for two services, one of them a client too."""
    return instance.apply_client(
        "front", grant_types=GRANTS, audiences=["orders", ORDERS, STOCK], scopes=["profile", "read"]
    )


@pytest.fixture(scope="module")
def orders(instance: Instance) -> RegisteredClient:
    """A service that is sent such tokens and calls the other service."""
    spec = {"grant_types": ["client_credentials", GRANT], "redirect_uris": []}
    return instance.apply_client("orders", audiences=[STOCK], scopes=["read", "write"], **spec)


@pytest.fixture(scope="module")
def stranger(instance: Instance) -> RegisteredClient:
    """A client that may exchange tokens, and is meant by nobody's."""
    return instance.apply_client("stranger", grant_types=GRANTS, audiences=[ORDERS, STOCK])


@pytest.fixture(scope="module")
def token(instance: Instance, front: RegisteredClient) -> str:
    """A person's token."""
    return str(instance.tokens(front, scope="profile read")["access_token"])


def exchange(
    instance: Instance, client: RegisteredClient, subject_token: str, **form: str
) -> httpx.Response:
    subject = {"subject_token": subject_token, "subject_token_type": ACCESS_TOKEN}
    return instance.post("/token", client, grant_type=GRANT, **subject | form)


def acting(instance: Instance, client: RegisteredClient) -> dict[str, str]:
    """The parameters of an actor: a token of that client's own."""
    answer = instance.post("/token", client, grant_type="client_credentials")
    return {"actor_token": answer.json()["access_token"], "actor_token_type": ACCESS_TOKEN}


def claims(token: str) -> dict[str, Any]:
    return jwt.decode(token, options={"verify_signature": False})


def test_a_client_narrows_its_own_token(
    instance: Instance, front: RegisteredClient, token: str
) -> None:
    answer = exchange(instance, front, token, scope="read", audience=STOCK)
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    told = answer.json()
    assert told["issued_token_type"] == ACCESS_TOKEN
    assert (told["token_type"], told["scope"]) == ("Bearer", "read")
    assert not {"refresh_token", "id_token"} & set(told)
    before, after = claims(token), claims(told["access_token"])
    assert after["sub"] == before["sub"]
    assert (after["aud"], after["client_id"]) == (STOCK, "front")
    assert after["exp"] <= before["exp"]
    assert after["jti"] != before["jti"]
    assert "act" not in after
    assert instance.is_active(told["access_token"], front)


def test_a_service_passes_on_a_token_that_names_it(
    instance: Instance, orders: RegisteredClient, token: str
) -> None:
    told = exchange(instance, orders, token).json()
    after = claims(told["access_token"])
    assert after["sub"] == claims(token)["sub"]
    assert (after["client_id"], after["aud"], after["scope"]) == ("orders", STOCK, "read")
    assert instance.is_active(told["access_token"], orders)


def test_a_service_acts_for_a_person_and_says_so(
    instance: Instance, orders: RegisteredClient, token: str
) -> None:
    told = exchange(instance, orders, token, **acting(instance, orders)).json()
    expected = {"sub": "orders", "client_id": "orders"}
    assert claims(told["access_token"])["act"] == expected
    introspected = instance.post("/introspect", orders, token=told["access_token"]).json()
    assert introspected["act"] == expected


def test_resources_and_audiences_count_together(
    instance: Instance, front: RegisteredClient, token: str
) -> None:
    told = exchange(instance, front, token, resource=STOCK, audience="orders").json()
    assert claims(told["access_token"])["aud"] == [STOCK, "orders"]
    many: dict[str, Any] = {"audience": ["orders", ORDERS], "resource": [ORDERS, STOCK]}
    told = exchange(instance, front, token, **many).json()
    assert claims(told["access_token"])["aud"] == [ORDERS, STOCK, "orders"]


def test_an_exchanged_token_ends_with_the_grant(
    instance: Instance, front: RegisteredClient, orders: RegisteredClient
) -> None:
    issued = instance.tokens(front)
    told = exchange(instance, orders, issued["access_token"]).json()
    assert instance.is_active(told["access_token"], orders)
    instance.post("/revoke", front, token=issued["refresh_token"]).raise_for_status()
    assert not instance.is_active(told["access_token"], orders)
    again = exchange(instance, orders, issued["access_token"])
    assert problem(again) == (400, "invalid_request")


def test_an_exchanged_token_ends_with_the_client_of_the_grant(
    instance: Instance, orders: RegisteredClient
) -> None:
    spec = {"grant_types": GRANTS, "audiences": ["orders", STOCK]}
    brief = instance.apply_client("brief", **spec)
    told = exchange(instance, orders, instance.tokens(brief)["access_token"]).json()
    instance.apply_client("brief", **spec, enabled=False)
    assert not instance.is_active(told["access_token"], orders)


def test_an_exchanged_token_is_no_key_to_the_person(
    instance: Instance, orders: RegisteredClient, token: str
) -> None:
    told = exchange(instance, orders, token).json()
    assert problem(instance.userinfo(told["access_token"])) == (401, "invalid_token")


def test_a_token_never_outlives_the_one_that_it_was_exchanged_for(
    instance: Instance, orders: RegisteredClient
) -> None:
    spec = {"grant_types": GRANTS, "audiences": ["orders", STOCK]}
    short = instance.apply_client("short", access_token_ttl=60, **spec)
    subject = instance.tokens(short)["access_token"]
    told = exchange(instance, orders, subject).json()
    assert told["expires_in"] <= 60
    assert claims(told["access_token"])["exp"] <= claims(subject)["exp"]


def test_a_clients_own_token_can_be_exchanged_too(
    instance: Instance, front: RegisteredClient, orders: RegisteredClient
) -> None:
    own = instance.post("/token", front, grant_type="client_credentials").json()["access_token"]
    told = exchange(instance, orders, own, **acting(instance, orders)).json()
    after = claims(told["access_token"])
    assert (after["sub"], after["act"]["sub"]) == ("front", "orders")
    assert instance.is_active(told["access_token"], orders)


def test_a_chain_of_actors_is_kept_and_ends_somewhere(instance: Instance) -> None:
    names = ["one", "two", "three", "four", "five"]
    spec = {"grant_types": GRANTS, "audiences": [*names, STOCK]}
    services = [instance.apply_client(name, **spec) for name in names]
    token = instance.tokens(services[0])["access_token"]
    for service in services[1:4]:
        answer = exchange(instance, service, token, **acting(instance, service))
        token = answer.raise_for_status().json()["access_token"]
    act = claims(token)["act"]
    assert [act["sub"], act["act"]["sub"], act["act"]["act"]["sub"]] == ["four", "three", "two"]
    assert "act" not in act["act"]["act"]
    assert instance.is_active(token, services[3])
    answer = exchange(instance, services[4], token, **acting(instance, services[4]))
    assert problem(answer) == (400, "invalid_request")


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
