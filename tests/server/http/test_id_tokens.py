"""ID tokens at the token endpoint: OpenID Connect Core sections 2, 3.1.3 and 12."""

import base64
import hashlib
import time

import jwt
import pytest

from throwaway import openid
from throwaway.instance import Instance, problem
from throwaway.registration import EMAIL, RegisteredClient


@pytest.fixture(scope="module")
def shop(instance: Instance) -> RegisteredClient:
    return openid.apply_client(instance, "openid-shop")


def subject(instance: Instance) -> str:
    return str(instance.fetch("SELECT id::text FROM authly.users WHERE email = %s", EMAIL))


def test_the_scope_openid_brings_an_id_token(instance: Instance, shop: RegisteredClient) -> None:
    issued = instance.tokens(shop, scope="openid profile email", nonce="n-0S6_WzA2Mj")
    claims = openid.read(instance, issued["id_token"], shop)
    assert jwt.get_unverified_header(issued["id_token"]) == {
        "alg": "RS256", "typ": "JWT", "kid": "rsa",
    }  # fmt: skip
    assert set(claims) == {
        "iss", "sub", "aud", "exp", "iat", "auth_time", "acr", "amr", "sid", "at_hash",
        "nonce",
    }  # fmt: skip
    assert claims["sub"] == subject(instance)
    assert claims["aud"] == "openid-shop"
    assert claims["nonce"] == "n-0S6_WzA2Mj"
    assert claims["exp"] - claims["iat"] == issued["expires_in"]
    assert 0 <= time.time() - claims["auth_time"] < 600


def test_at_hash_is_of_the_access_token_beside_it(
    instance: Instance, shop: RegisteredClient
) -> None:
    """Section 3.1.3.6."""
    issued = instance.tokens(shop, scope="openid")
    half = hashlib.sha256(issued["access_token"].encode()).digest()[:16]
    expected = base64.urlsafe_b64encode(half).rstrip(b"=").decode()
    assert openid.read(instance, issued["id_token"], shop)["at_hash"] == expected


def test_a_request_without_nonce_gets_none(instance: Instance, shop: RegisteredClient) -> None:
    issued = instance.tokens(shop, scope="openid")
    assert "nonce" not in openid.read(instance, issued["id_token"], shop)


def test_without_openid_there_is_no_id_token(instance: Instance, shop: RegisteredClient) -> None:
    assert "id_token" not in instance.tokens(shop, scope="profile email", nonce="n")


def test_a_client_that_lost_the_scope_gets_no_id_token(instance: Instance) -> None:
    fickle = openid.apply_client(instance, "fickle")
    code = instance.code(fickle, scope="openid read")
    openid.apply_client(instance, "fickle", scopes=["read"])
    assert "id_token" not in instance.exchange(code, fickle).json()


def test_no_token_is_stored_anywhere(instance: Instance, shop: RegisteredClient) -> None:
    issued = instance.tokens(shop, scope="openid", nonce="stored-with-code")
    signature = issued["id_token"].rpartition(".")[2]
    everything = instance.fetch("SELECT schema_to_xml('authly', true, false, '')::text")
    assert issued["access_token"] not in everything
    assert signature not in everything
    assert "stored-with-code" in everything  # the nonce, until the code's row goes


def test_a_refresh_brings_a_new_id_token_about_the_same_authentication(
    instance: Instance, shop: RegisteredClient
) -> None:
    """Section 12.2: same iss, sub and aud, auth_time of the original authentication, no nonce."""
    first = instance.tokens(shop, scope="openid", nonce="once")
    instance.execute("UPDATE authly.sessions SET authenticated_at = now() + interval '1 hour'")
    second = instance.refresh(first["refresh_token"], shop).json()
    before, after = (openid.read(instance, each["id_token"], shop) for each in (first, second))
    same = ("iss", "sub", "aud", "auth_time", "sid", "acr", "amr")
    assert [before[name] for name in same] == [after[name] for name in same]
    assert "nonce" not in after
    assert after["iat"] >= before["iat"]
    assert after["at_hash"] != before["at_hash"]


def test_a_refresh_without_openid_brings_no_id_token(
    instance: Instance, shop: RegisteredClient
) -> None:
    issued = instance.tokens(shop, scope="openid read")
    assert "id_token" not in instance.refresh(issued["refresh_token"], shop, scope="read").json()
    again = instance.refresh(issued["refresh_token"], shop)
    assert "id_token" in again.json()  # a retry, within the grace, of all scopes


@pytest.mark.parametrize(("alg", "kid"), [("ES256", "first"), ("RS256", "rsa")])
def test_a_client_gets_the_algorithm_that_it_registered(
    instance: Instance, alg: str, kid: str
) -> None:
    client = openid.apply_client(
        instance, f"prefers-{alg.lower()}", id_token_signed_response_alg=alg
    )
    issued = instance.tokens(client, scope="openid")
    assert jwt.get_unverified_header(issued["id_token"])["kid"] == kid
    assert openid.read(instance, issued["id_token"], client, alg=alg)["sub"] == subject(instance)


def test_a_client_that_registered_an_algorithm_without_a_key_is_told_so(
    instance: Instance,
) -> None:
    client = openid.apply_client(instance, "edwards", id_token_signed_response_alg="EdDSA")
    told = instance.person.allow(client, scope="openid")
    assert told["error"] == "unauthorized_client"
    assert "EdDSA" in told["error_description"]
    assert "code" in instance.person.allow(client, scope="read")


def test_an_id_token_is_no_access_token(instance: Instance, shop: RegisteredClient) -> None:
    id_token = instance.tokens(shop, scope="openid")["id_token"]
    assert problem(instance.userinfo(id_token)) == (401, "invalid_token")
    assert not instance.is_active(id_token, shop)


def test_one_session_has_one_sid_and_another_browser_another(
    instance: Instance, shop: RegisteredClient
) -> None:
    other = openid.apply_client(instance, "other-shop")
    first, second = (instance.tokens(each, scope="openid") for each in (shop, other))
    elsewhere = instance.browser().allow(shop, scope="openid")["code"]
    third = instance.exchange(elsewhere, shop).json()
    sids = [
        openid.read(instance, issued["id_token"], client)["sid"]
        for issued, client in ((first, shop), (second, other), (third, shop))
    ]
    assert sids[0] == sids[1] != sids[2]


def test_who_signs_in_again_keeps_the_sid_and_gets_a_new_auth_time(
    instance: Instance, shop: RegisteredClient
) -> None:
    browser = instance.browser()
    before = instance.exchange(browser.allow(shop, scope="openid")["code"], shop).json()
    instance.execute("UPDATE authly.sessions SET authenticated_at = now() - interval '1 hour'")
    stolen = dict(browser.cookies)
    after = instance.exchange(
        browser.allow(shop, scope="openid", prompt="login")["code"], shop
    ).json()
    first, second = (openid.read(instance, each["id_token"], shop) for each in (before, after))
    assert first["sid"] == second["sid"]
    assert time.time() - second["auth_time"] < 60
    # The cookie of before is worth nothing any more.
    browser.cookies = stolen
    assert 'id="login-form"' in browser.authorize(shop, scope="openid").text
