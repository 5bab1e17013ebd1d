"""ACCESS_TOKEN_FORMAT=opaque: every flow with access tokens that say nothing by themselves."""

import base64
import hashlib
import re
from typing import Any

import jwt
import psycopg
import pytest
from tests.server.http import devices, exchanging, possessing
from tests.server.http.exchanging import ORDERS, STOCK, acting, exchange

from authly_server.protocol import dpop, public_key
from authly_server.storage import maintenance
from throwaway import instance as throwaway_instance, openid
from throwaway.browser import VERIFIER
from throwaway.instance import Instance, problem
from throwaway.registration import RegisteredClient
from throwaway.signer import Signer


INACTIVE = {"active": False}


@pytest.fixture(scope="module")
def settings() -> dict[str, str]:
    return {"CACHE_TTL": "0", "ACCESS_TOKEN_FORMAT": "opaque"}


@pytest.fixture(scope="module")
def key() -> Signer:
    return Signer.draw("ES256")


@pytest.fixture(scope="module")
def front(instance: Instance) -> RegisteredClient:
    return exchanging.front(instance)


@pytest.fixture(scope="module")
def orders(instance: Instance) -> RegisteredClient:
    return exchanging.orders(instance)


def introspect(
    instance: Instance, token: str, client: RegisteredClient | None = None, **form: str
) -> dict[str, Any]:
    told: dict[str, Any] = instance.post("/introspect", client, token=token, **form).json()
    return told


def client_token(instance: Instance, client: RegisteredClient | None = None, **form: str) -> str:
    answer = instance.post("/token", client, grant_type="client_credentials", **form)
    return str(answer.raise_for_status().json()["access_token"])


def is_opaque(token: str) -> bool:
    """A prefix and 256 bits."""
    return re.fullmatch(r"aat_[A-Za-z0-9_-]{43}", token) is not None


def test_a_code_gives_an_opaque_token_that_introspection_describes(instance: Instance) -> None:
    issued = instance.tokens(scope="read profile")
    assert is_opaque(issued["access_token"])
    told = introspect(instance, issued["access_token"])
    assert told["active"] is True
    assert told["scope"] == issued["scope"] == "profile read"
    assert (told["client_id"], told["token_type"]) == ("shop", "Bearer")
    assert told["iss"] == instance.server.issuer
    assert told["aud"] == "https://api.example"
    assert told["exp"] - told["iat"] == issued["expires_in"] == 1800
    assert told["sub"] == instance.fetch("SELECT id::text FROM authly.users")
    assert len(told["jti"]) == 32


def test_the_database_holds_no_usable_token(instance: Instance) -> None:
    issued = instance.tokens()
    digest = hashlib.sha256(issued["access_token"].encode()).digest()
    found = "SELECT count(*) FROM authly.opaque_tokens WHERE digest = %s"
    assert instance.fetch(found, digest) == 1
    with psycopg.connect(instance.database_url) as connection:
        rows = connection.execute("SELECT t::text FROM authly.opaque_tokens AS t").fetchall()
    for text in (issued["access_token"], issued["access_token"].removeprefix("aat_")):
        assert not any(text in row for (row,) in rows)


def test_a_refreshed_token_has_the_scopes_that_were_asked_for(instance: Instance) -> None:
    first = instance.tokens(scope="read profile")
    second = instance.refresh(first["refresh_token"], scope="read").json()
    assert is_opaque(second["access_token"])
    assert second["access_token"] != first["access_token"]
    assert introspect(instance, second["access_token"])["scope"] == second["scope"] == "read"
    assert instance.is_active(first["access_token"])


def test_who_lost_the_answer_to_a_refresh_gets_another_good_token(instance: Instance) -> None:
    first = instance.tokens(scope="read")
    lost = instance.refresh(first["refresh_token"]).json()
    again = instance.refresh(first["refresh_token"]).json()
    assert again["refresh_token"] == lost["refresh_token"]
    assert introspect(instance, again["access_token"])["scope"] == "read"
    assert instance.is_active(lost["access_token"])


def test_resources_decide_about_the_audience(instance: Instance) -> None:
    client = instance.apply_client("two-apis", audiences=[ORDERS, STOCK])
    both = instance.tokens(client)
    assert introspect(instance, both["access_token"], client)["aud"] == [ORDERS, STOCK]
    one = instance.tokens(client, resource=STOCK)
    assert introspect(instance, one["access_token"], client)["aud"] == STOCK
    later = instance.refresh(both["refresh_token"], client, resource=ORDERS).json()
    assert introspect(instance, later["access_token"], client)["aud"] == ORDERS
    machine = client_token(instance, client, resource=ORDERS)
    assert introspect(instance, machine, client)["aud"] == ORDERS


def test_a_resource_server_that_is_not_meant_learns_nothing(instance: Instance) -> None:
    stranger = instance.apply_client("not-meant", audiences=["https://stranger.example"])
    token = instance.tokens()["access_token"]
    assert introspect(instance, token, stranger) == INACTIVE
    resource = instance.apply_client("meant", audiences=["https://api.example"])
    assert instance.is_active(token, resource)


def test_scopes_that_a_client_lost_are_not_written_either(instance: Instance) -> None:
    client = instance.apply_client("narrowed", scopes=["read", "profile"])
    issued = instance.tokens(client, scope="read profile")
    instance.apply_client("narrowed", scopes=["read"])
    later = instance.refresh(issued["refresh_token"], client).json()
    assert introspect(instance, later["access_token"], client)["scope"] == later["scope"] == "read"


def test_a_clients_own_token_leaves_a_row_that_ends_with_the_client(instance: Instance) -> None:
    client = instance.apply_client("machine", access_token_ttl=60)
    token = client_token(instance, client)
    told = introspect(instance, token, client)
    assert (told["sub"], told["exp"] - told["iat"]) == ("machine", 60)
    instance.apply_client("machine", enabled=False)
    assert not instance.is_active(token)


def test_userinfo_takes_an_opaque_token(instance: Instance) -> None:
    app = openid.apply_client(instance, "app")
    issued = instance.tokens(app, scope="openid email")
    assert instance.userinfo(issued["access_token"]).json()["email"] == "ada@example.org"
    half = hashlib.sha256(issued["access_token"].encode()).digest()[:16]
    expected = base64.urlsafe_b64encode(half).rstrip(b"=").decode()
    assert openid.read(instance, issued["id_token"], app)["at_hash"] == expected
    machine = client_token(instance)
    assert problem(instance.userinfo(machine)) == (401, "invalid_token")
    assert problem(instance.userinfo("aat_" + "A" * 43)) == (401, "invalid_token")


@pytest.mark.parametrize("hint", ["access_token", "refresh_token", "nonsense", ""])
def test_one_token_is_revoked_and_its_grant_is_not(instance: Instance, hint: str) -> None:
    issued = instance.tokens(scope="profile")
    token = issued["access_token"]
    assert introspect(instance, token, token_type_hint=hint)["active"] is True
    for _ in range(2):
        answer = instance.post("/revoke", token=token, token_type_hint=hint)
        assert (answer.status_code, answer.content) == (200, b"")
    assert introspect(instance, token, token_type_hint=hint) == INACTIVE
    assert instance.userinfo(token).status_code == 401
    assert instance.refresh(issued["refresh_token"]).status_code == 200


def test_another_clients_token_is_not_revoked(instance: Instance) -> None:
    stranger = instance.apply_client("revoker")
    token = instance.tokens()["access_token"]
    assert instance.post("/revoke", stranger, token=token).status_code == 200
    assert instance.is_active(token)


def test_revoking_the_grant_ends_all_of_its_tokens_by_one_row(instance: Instance) -> None:
    first = instance.tokens()
    second = instance.refresh(first["refresh_token"]).json()
    count = "SELECT count(*) FROM authly.opaque_tokens"
    before = instance.fetch(count)
    instance.post("/revoke", token=second["refresh_token"]).raise_for_status()
    assert not instance.is_active(first["access_token"])
    assert not instance.is_active(second["access_token"])
    assert instance.fetch(count) == before


def test_a_replayed_code_ends_the_token_and_writes_none(instance: Instance) -> None:
    code = instance.code()
    token = instance.exchange(code).json()["access_token"]
    count = instance.fetch("SELECT count(*) FROM authly.opaque_tokens")
    assert problem(instance.exchange(code)) == (400, "invalid_grant")
    assert not instance.is_active(token)
    assert instance.fetch("SELECT count(*) FROM authly.opaque_tokens") == count


@pytest.mark.parametrize(
    "token",
    ["aat_", "aat_" + "A" * 42, "aat_" + "A" * 44, "aat_" + "=" * 43, "aat_é", "aat_" + "B" * 43],
)
def test_what_was_never_issued_is_inactive(instance: Instance, token: str) -> None:
    assert introspect(instance, token) == INACTIVE
    assert instance.post("/revoke", token=token).status_code == 200


def test_a_device_gets_an_opaque_token(instance: Instance) -> None:
    tv = devices.register(instance)
    begun = devices.begin(instance, tv)
    devices.decide(instance.browser(), begun["user_code"], "allow")
    issued = devices.poll(instance, tv, begun["device_code"]).raise_for_status().json()
    assert is_opaque(issued["access_token"])
    resource = instance.apply_client("living-room", audiences=["https://api.example"])
    assert introspect(instance, issued["access_token"], resource)["scope"] == "read"


def test_opaque_tokens_are_exchanged_with_an_actor(
    instance: Instance, front: RegisteredClient, orders: RegisteredClient
) -> None:
    token = instance.tokens(front, scope="profile read")["access_token"]
    answer = exchange(instance, orders, token, **acting(instance, orders)).json()
    assert is_opaque(answer["access_token"])
    told = introspect(instance, answer["access_token"], orders)
    assert told["act"] == {"sub": "orders", "client_id": "orders"}
    assert (told["client_id"], told["aud"], told["scope"]) == ("orders", STOCK, "read")
    assert told["sub"] == introspect(instance, token, front)["sub"]
    assert told["exp"] <= introspect(instance, token, front)["exp"]


def test_an_exchanged_token_ends_with_the_grant_it_came_from(
    instance: Instance, front: RegisteredClient, orders: RegisteredClient
) -> None:
    issued = instance.tokens(front, scope="read")
    lesser = exchange(instance, orders, issued["access_token"]).json()["access_token"]
    assert instance.is_active(lesser, orders)
    instance.post("/revoke", front, token=issued["refresh_token"]).raise_for_status()
    assert not instance.is_active(lesser, orders)
    refused = exchange(instance, orders, issued["access_token"])
    assert problem(refused) == (400, "invalid_request")


def test_a_token_is_bound_to_the_key_that_was_proved(instance: Instance, key: Signer) -> None:
    form = {"grant_type": "authorization_code", "code_verifier": VERIFIER}
    code = instance.code(scope="profile")
    issued = possessing.send(instance, key, code=code, **form).raise_for_status().json()
    token = issued["access_token"]
    assert is_opaque(token)
    assert issued["token_type"] == "DPoP"
    thumbprint = dpop.thumbprint(public_key.parse(possessing.jwk(key)))
    told = introspect(instance, token)
    assert (told["token_type"], told["cnf"]) == ("DPoP", {"jkt": thumbprint})
    assert problem(instance.userinfo(token)) == (401, "invalid_token")
    proved = possessing.proof(key, "/userinfo", "GET", token)
    assert possessing.userinfo(instance, token, proved).status_code == 200
    other = possessing.proof(Signer.draw("ES256"), "/userinfo", "GET", token)
    assert problem(possessing.userinfo(instance, token, other)) == (401, "invalid_token")


def test_an_expired_token_is_inactive_and_maintenance_removes_it_a_day_later(
    instance: Instance,
) -> None:
    token = client_token(instance)
    digest = hashlib.sha256(token.encode()).digest()
    expire = "UPDATE authly.opaque_tokens SET expires_at = now() - %s::interval WHERE digest = %s"
    count = "SELECT count(*) FROM authly.opaque_tokens WHERE digest = %s"
    instance.execute(expire, "1 second", digest)
    assert not instance.is_active(token)
    maintenance.run(instance.database_url)
    assert instance.fetch(count, digest) == 1
    instance.execute(expire, "25 hours", digest)
    assert maintenance.run(instance.database_url, batch=1)["opaque_tokens"] >= 1
    assert instance.fetch(count, digest) == 0


def test_tokens_of_the_other_format_stay_good_when_the_setting_changes(
    instance: Instance,
) -> None:
    opaque = instance.tokens(scope="profile")["access_token"]
    with throwaway_instance.running(instance.database_url) as before:
        signed = before.tokens(scope="profile")["access_token"]
        assert jwt.get_unverified_header(signed)["typ"] == "at+jwt"
        assert before.is_active(opaque)
        assert before.userinfo(opaque).status_code == 200
    assert not is_opaque(signed)


def test_no_log_holds_a_token(instance: Instance) -> None:
    token = instance.tokens()["access_token"]
    instance.post("/revoke", token=token)
    assert token not in instance.server.log.read_text()
