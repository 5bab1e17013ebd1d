"""Which claims userinfo tells, and as what: OpenID Connect Core sections 5.3 to 5.5."""

import json
from typing import Any

import jwt
import pytest

from throwaway import openid
from throwaway.browser import has_form, told
from throwaway.instance import Instance
from throwaway.registration import EMAIL, RegisteredClient


@pytest.fixture(scope="module")
def shop(instance: Instance) -> RegisteredClient:
    return openid.apply_client(instance, "openid-shop")


def claims_of(instance: Instance, client: RegisteredClient, **asked: str) -> dict[str, Any]:
    issued = instance.tokens(client, **asked)
    answer = instance.userinfo(issued["access_token"]).raise_for_status()
    told_: dict[str, Any] = answer.json()
    return told_


@pytest.mark.parametrize(
    ("scope", "names"),
    [
        ("openid", set()),
        ("openid profile", {"preferred_username", "updated_at"}),
        ("openid email", {"email", "email_verified"}),
        ("profile email", {"preferred_username", "updated_at", "email", "email_verified"}),
    ],
)
def test_each_scope_asks_for_its_claims(
    instance: Instance, shop: RegisteredClient, scope: str, names: set[str]
) -> None:
    claims = claims_of(instance, shop, scope=scope)
    assert set(claims) == {"sub"} | names
    assert claims["sub"] == instance.fetch("SELECT id::text FROM authly.users")
    assert isinstance(claims.get("updated_at", 0), int)


def test_claims_are_told_where_they_were_asked_for(
    instance: Instance, shop: RegisteredClient
) -> None:
    wanted = {
        "id_token": {"preferred_username": None, "auth_time": {"essential": True}},
        "userinfo": {"email": {"essential": True}, "picture": None, "email#ja": None},
        "another": {"ignored": 1},
    }
    issued = instance.tokens(shop, scope="openid", claims=json.dumps(wanted))
    told_ = instance.userinfo(issued["access_token"]).json()
    assert told_ == {"sub": told_["sub"], "email": EMAIL}
    id_token = openid.read(instance, issued["id_token"], shop)
    assert id_token["preferred_username"] == EMAIL
    assert "email" not in id_token
    again = instance.refresh(issued["refresh_token"], shop).json()
    assert instance.userinfo(again["access_token"]).json()["email"] == EMAIL
    renewed = openid.read(instance, again["id_token"], shop)
    assert renewed["preferred_username"] == EMAIL


def test_no_claim_of_the_issuers_own_can_be_asked_away(
    instance: Instance, shop: RegisteredClient
) -> None:
    wanted = {"id_token": {name: {"value": "x"} for name in ("iss", "aud", "exp", "sid", "nonce")}}
    issued = instance.tokens(shop, scope="openid", nonce="mine", claims=json.dumps(wanted))
    assert openid.read(instance, issued["id_token"], shop)["nonce"] == "mine"


def test_a_client_without_the_scope_gets_no_claim_that_it_covers(instance: Instance) -> None:
    modest = openid.apply_client(instance, "modest", scopes=["openid", "profile"])
    wanted = {"userinfo": {"email": {"essential": True}}, "id_token": {"email": None}}
    issued = instance.tokens(modest, scope="openid", claims=json.dumps(wanted))
    assert "email" not in instance.userinfo(issued["access_token"]).json()
    assert "email" not in openid.read(instance, issued["id_token"], modest)


def test_a_person_is_asked_before_a_claim_is_told(instance: Instance) -> None:
    curious = openid.apply_client(instance, "curious")
    browser = instance.browser()
    browser.allow(curious, scope="openid")
    wanted = json.dumps({"userinfo": {"email": None}})
    refused = told(browser.authorize(curious, scope="openid", prompt="none", claims=wanted))
    assert refused["error"] == "consent_required"
    page = browser.authorize(curious, scope="openid", claims=wanted)
    assert has_form(page, "consent-form")
    assert "<code>email</code>" in page.text
    assert "code" in told(browser.submit(page, decision="allow"))
    assert "code" in told(browser.authorize(curious, scope="openid", prompt="none", claims=wanted))


def test_claims_of_a_request_without_openid_mean_nothing(
    instance: Instance, shop: RegisteredClient
) -> None:
    wanted = json.dumps({"userinfo": {"email": None}})
    assert "email" not in claims_of(instance, shop, scope="profile", claims=wanted)


@pytest.mark.parametrize("alg", ["ES256", "RS256"])
def test_a_client_that_registered_for_it_gets_a_signed_answer(instance: Instance, alg: str) -> None:
    """Section 5.3.2."""
    client = openid.apply_client(
        instance, f"signed-{alg.lower()}", userinfo_signed_response_alg=alg
    )
    token = instance.tokens(client, scope="openid email")["access_token"]
    for method in ("GET", "POST"):
        answer = instance.http.request(
            method, "/userinfo", headers={"Authorization": f"Bearer {token}"}
        )
        assert answer.headers["Content-Type"].partition(";")[0] == "application/jwt"
        claims = openid.read_jwt(instance, answer.text, client, alg=alg)
        assert set(claims) == {"iss", "aud", "sub", "email", "email_verified"}
        # It proves nothing about a sign-in.
        hinted = instance.person.authorize(client, scope="openid", id_token_hint=answer.text)
        assert told(hinted)["error"] == "invalid_request"


def test_the_answer_tells_what_is_true_now(instance: Instance, shop: RegisteredClient) -> None:
    token = instance.tokens(shop, scope="openid email")["access_token"]
    instance.execute("UPDATE authly.users SET is_verified = false")
    try:
        assert instance.userinfo(token).json()["email_verified"] is False
    finally:
        instance.execute("UPDATE authly.users SET is_verified = true")
    assert jwt.decode(token, options={"verify_signature": False})["scope"] == "email openid"
