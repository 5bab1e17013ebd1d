"""OpenID Connect Discovery section 3: the document promises what is there, and nothing else."""

import contextlib
import json
import time
from collections.abc import Callable
from typing import Any

import pytest

from throwaway import instance as throwaway_instance, keys, openid, registration
from throwaway.browser import told
from throwaway.instance import Instance
from throwaway.registration import RegisteredClient


PATH = "/.well-known/openid-configuration"


@pytest.fixture(scope="module")
def shop(instance: Instance) -> RegisteredClient:
    return openid.apply_client(instance, "openid-shop")


def metadata(instance: Instance) -> dict[str, Any]:
    found: dict[str, Any] = instance.http.get(PATH).raise_for_status().json()
    return found


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 90
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_every_required_member_is_there(instance: Instance) -> None:
    found = metadata(instance)
    for name in (
        "issuer", "authorization_endpoint", "token_endpoint", "jwks_uri",
        "response_types_supported", "subject_types_supported",
        "id_token_signing_alg_values_supported",
    ):  # fmt: skip
        assert found[name]
    assert found["subject_types_supported"] == ["public"]
    assert "openid" in found["scopes_supported"]
    assert found["claims_parameter_supported"] is True
    assert found["request_parameter_supported"] is False
    assert found["request_uri_parameter_supported"] is False
    assert found["end_session_endpoint"] == f"{instance.server.issuer}/logout"
    assert found["backchannel_logout_supported"] is True
    assert found["backchannel_logout_session_supported"] is True


def test_the_claims_that_are_promised_are_told(instance: Instance, shop: RegisteredClient) -> None:
    promised = set(metadata(instance)["claims_supported"])
    issued = instance.tokens(shop, scope="openid profile email", nonce="n")
    id_token = openid.read(instance, issued["id_token"], shop)
    userinfo = instance.userinfo(issued["access_token"]).json()
    assert promised == (set(id_token) | set(userinfo)) - {"at_hash"}
    assert id_token["acr"] in metadata(instance)["acr_values_supported"]


def test_the_scopes_that_are_promised_can_be_asked_for(
    instance: Instance, shop: RegisteredClient
) -> None:
    scope = " ".join(metadata(instance)["scopes_supported"])
    issued = instance.tokens(shop, scope=scope, prompt="consent")
    assert set(issued["scope"].split()) == set(scope.split())


def test_the_algorithms_are_those_of_the_ring_at_each_moment(instance: Instance) -> None:
    ring = instance.server.key_ring
    before = json.loads(ring.read_text())["keys"]
    name = "id_token_signing_alg_values_supported"
    assert metadata(instance)[name] == ["ES256", "RS256"]
    etag = instance.http.get(PATH).headers["ETag"]
    keys.write_ring(ring, *before, keys.draw("edwards", alg="EdDSA"))
    try:
        wait_for(lambda: metadata(instance)[name] == ["ES256", "EdDSA", "RS256"])
        assert instance.http.get(PATH, headers={"If-None-Match": etag}).status_code == 200
        client = openid.apply_client(instance, "edwards", id_token_signed_response_alg="EdDSA")
        issued = instance.tokens(client, scope="openid")
        assert openid.read(instance, issued["id_token"], client, alg="EdDSA")["sub"]
    finally:
        keys.write_ring(ring, *before)
    wait_for(lambda: metadata(instance)[name] == ["ES256", "RS256"])


def test_a_ring_without_an_rsa_key_signs_id_tokens_with_what_it_has(instance: Instance) -> None:
    ring = instance.server.key_ring
    before = json.loads(ring.read_text())["keys"]
    plain = openid.apply_client(instance, "plain")
    keys.write_ring(ring, before[0])
    try:
        wait_for(lambda: metadata(instance)["id_token_signing_alg_values_supported"] == ["ES256"])
        issued = instance.tokens(plain, scope="openid")
        assert openid.read(instance, issued["id_token"], plain, alg="ES256")["sub"]
    finally:
        keys.write_ring(ring, *before)
    wait_for(lambda: "RS256" in metadata(instance)["id_token_signing_alg_values_supported"])


def test_a_shared_secret_signs_no_id_tokens_and_promises_none(database_url: str) -> None:
    registration.migrate(database_url)
    with contextlib.ExitStack() as stack:
        instance = stack.enter_context(
            throwaway_instance.running(database_url, tls=False, JWT_ALGORITHM="HS256")
        )
        shop = openid.apply_client(instance, "openid-shop")
        found = metadata(instance)
        assert not [name for name in found if name.startswith(("id_token", "claims", "end_"))]
        assert told(instance.person.authorize(shop, scope="openid"))["error"] == "invalid_scope"
        assert "access_token" in instance.tokens(shop, scope="profile")
