"""A4, A15 to A17: what OpenID Connect adds to authorization requests (Core section 3.1.2)."""

import json
import time

import httpx
import jwt
import pytest

from throwaway import openid, registration
from throwaway.browser import Browser, has_form, told
from throwaway.instance import Instance
from throwaway.registration import EMAIL, RegisteredClient


EVE = "eve@example.org"


@pytest.fixture(scope="module")
def shop(instance: Instance) -> RegisteredClient:
    registration.add_user(instance.database_url, EVE)
    return openid.apply_client(instance, "openid-shop")


@pytest.fixture
def browser(instance: Instance, shop: RegisteredClient) -> Browser:
    """Somebody who signed in and consented a moment ago."""
    browser = instance.browser()
    browser.allow(shop, scope="openid")
    return browser


@pytest.fixture(scope="module")
def hint(instance: Instance, shop: RegisteredClient) -> str:
    """An ID token about the administrator."""
    return str(instance.tokens(shop, scope="openid")["id_token"])


@pytest.fixture(scope="module")
def hint_of_eve(instance: Instance, shop: RegisteredClient) -> str:
    browser = instance.browser()
    page = browser.sign_in(browser.authorize(shop, scope="openid"), EVE)
    code = told(browser.submit(page, decision="allow"))["code"]
    return str(instance.exchange(code, shop).json()["id_token"])


def who(instance: Instance, answer: httpx.Response, client: RegisteredClient) -> str:
    """The subject that the client learns of."""
    issued = instance.exchange(told(answer)["code"], client).json()
    return str(openid.read(instance, issued["id_token"], client)["sub"])


def test_a_hint_at_the_person_who_is_signed_in_changes_nothing(
    instance: Instance, browser: Browser, shop: RegisteredClient, hint: str
) -> None:
    answer = browser.authorize(shop, scope="openid", prompt="none", id_token_hint=hint)
    expected = jwt.decode(hint, options={"verify_signature": False})["sub"]
    assert who(instance, answer, shop) == expected


def test_a_hint_that_has_expired_still_says_who_is_meant(instance: Instance) -> None:
    brief = openid.apply_client(instance, "brief", access_token_ttl=1)
    browser = instance.browser()
    code = browser.allow(brief, scope="openid")["code"]
    expired = instance.exchange(code, brief).json()["id_token"]
    expires_at = jwt.decode(expired, options={"verify_signature": False})["exp"]
    time.sleep(max(0.0, expires_at - time.time()))
    with pytest.raises(jwt.ExpiredSignatureError):
        openid.read(instance, expired, brief)
    answer = browser.authorize(brief, scope="openid", prompt="none", id_token_hint=expired)
    assert "code" in told(answer)


def test_a_hint_at_somebody_else_needs_a_login_that_prompt_none_forbids(
    browser: Browser, shop: RegisteredClient, hint_of_eve: str
) -> None:
    answer = browser.authorize(shop, scope="openid", prompt="none", id_token_hint=hint_of_eve)
    assert told(answer)["error"] == "login_required"


def test_a_hint_at_somebody_else_has_that_person_sign_in(
    instance: Instance, browser: Browser, shop: RegisteredClient, hint_of_eve: str
) -> None:
    page = browser.authorize(shop, scope="openid", id_token_hint=hint_of_eve)
    assert has_form(page, "login-form")
    answer = browser.sign_in(page, EVE)
    expected = jwt.decode(hint_of_eve, options={"verify_signature": False})["sub"]
    assert who(instance, answer, shop) == expected


def test_if_another_than_hinted_at_signs_in_the_client_is_told_no_other(
    browser: Browser, shop: RegisteredClient, hint_of_eve: str
) -> None:
    page = browser.authorize(shop, scope="openid", id_token_hint=hint_of_eve)
    assert told(browser.sign_in(page, EMAIL))["error"] == "login_required"


@pytest.mark.parametrize(
    "fault",
    ["unsigned", "shared secret", "other signature", "other payload", "no token", "empty parts"],
)
def test_a_hint_that_we_did_not_sign_is_an_invalid_request(
    browser: Browser, shop: RegisteredClient, hint: str, fault: str
) -> None:
    forged = openid.forge(hint)[fault]
    for prompt in (None, "none"):
        answer = browser.authorize(shop, scope="openid", prompt=prompt, id_token_hint=forged)
        assert told(answer)["error"] == "invalid_request"


def test_what_is_signed_by_us_and_no_id_token_of_this_client_is_no_hint(
    instance: Instance, browser: Browser, shop: RegisteredClient, hint: str
) -> None:
    access_token = instance.tokens(shop, scope="openid")["access_token"]
    other = openid.apply_client(instance, "other-shop")
    for client, text in ((shop, access_token), (other, hint)):
        answer = browser.authorize(client, scope="openid", id_token_hint=text)
        assert told(answer)["error"] == "invalid_request"


def test_the_subject_may_be_asked_for_as_a_claim(
    browser: Browser, shop: RegisteredClient, hint: str, hint_of_eve: str
) -> None:
    """Section 5.5.1: "a value of the sub Claim"."""
    for text, expected in ((hint, "code"), (hint_of_eve, "error")):
        subject = jwt.decode(text, options={"verify_signature": False})["sub"]
        claims = json.dumps({"id_token": {"sub": {"value": subject}}})
        answer = told(browser.authorize(shop, scope="openid", prompt="none", claims=claims))
        assert expected in answer


def test_a_default_max_age_counts_where_the_request_has_none(
    instance: Instance, browser: Browser
) -> None:
    strict = openid.apply_client(instance, "strict", default_max_age=0)
    assert has_form(browser.authorize(strict, scope="openid"), "login-form")
    refused = browser.authorize(strict, scope="openid", prompt="none")
    assert told(refused)["error"] == "login_required"
    assert has_form(browser.authorize(strict, scope="openid", max_age="3600"), "consent-form")


def test_a_login_hint_fills_in_the_name(instance: Instance, shop: RegisteredClient) -> None:
    page = instance.browser().authorize(shop, scope="openid", login_hint='"><b>ada')
    assert 'value="&#34;&gt;&lt;b&gt;ada"' in page.text


def test_openid_needs_the_redirect_uri(browser: Browser, shop: RegisteredClient) -> None:
    assert browser.authorize(shop, scope="openid", redirect_uri=None).status_code == 400


@pytest.mark.parametrize(
    "ignored",
    [
        {"display": "popup"},
        {"ui_locales": "de fr"},
        {"claims_locales": "de"},
        {"acr_values": "urn:mace:incommon:iap:silver"},
        {"acr_values": "x" * 4000},
    ],
)
def test_what_is_voluntary_and_not_to_be_had_is_ignored(
    browser: Browser, shop: RegisteredClient, ignored: dict[str, str]
) -> None:
    answer = browser.authorize(shop, scope="openid", prompt="none", **ignored)
    assert "code" in told(answer)


@pytest.mark.parametrize("name", ["request", "request_uri", "registration"])
def test_what_is_not_supported_is_said_to_be_so(
    browser: Browser, shop: RegisteredClient, name: str
) -> None:
    answer = browser.authorize(shop, scope="openid", **{name: "x"})
    assert told(answer)["error"] == f"{name}_not_supported"


ACR = "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport"


@pytest.mark.parametrize(
    ("acr", "outcome"),
    [
        pytest.param({"essential": True, "values": ["no-such"]}, "error", id="essential, unknown"),
        pytest.param({"essential": True, "value": 7}, "error", id="essential, no text"),
        pytest.param({"essential": True, "values": ["no-such", ACR]}, "code", id="one will do"),
        pytest.param({"essential": True}, "code", id="essential, any"),
        pytest.param({"values": ["no-such"]}, "code", id="voluntary"),
    ],
)
def test_an_essential_acr_that_cannot_be_had_is_a_failure(
    browser: Browser, shop: RegisteredClient, acr: object, outcome: str
) -> None:
    """Section 5.5.1.1."""
    claims = json.dumps({"id_token": {"acr": acr}})
    answer = told(browser.authorize(shop, scope="openid", prompt="none", claims=claims))
    assert outcome in answer
    assert answer.get("error") in {None, "unmet_authentication_requirements"}


MALFORMED = {
    "no JSON": "{",
    "an array": "[]",
    "a text": '"email"',
    "a name twice": '{"userinfo": {}, "userinfo": {}}',
    "a claim twice": '{"userinfo": {"email": null, "email": {"essential": true}}}',
    "NaN": '{"userinfo": {"email": {"value": NaN}}}',
    "no object of claims": '{"userinfo": ["email"]}',
    "a claim that is a text": '{"userinfo": {"email": "yes"}}',
    "essential no boolean": '{"userinfo": {"email": {"essential": 1}}}',
    "values no array": '{"userinfo": {"email": {"values": "x"}}}',
    "value and values": '{"userinfo": {"email": {"value": "x", "values": ["y"]}}}',
    "too many values": json.dumps({"userinfo": {"email": {"values": list(range(21))}}}),
    "too many claims": json.dumps({"userinfo": {str(n): None for n in range(51)}}),
    "too long": json.dumps({"userinfo": {"x" * 4096: None}}),
    "deep": '{"a":' + "[" * 1500 + "]" * 1500 + "}",
}


@pytest.mark.parametrize("text", [pytest.param(t, id=name) for name, t in MALFORMED.items()])
def test_a_malformed_claims_parameter_is_an_invalid_request(
    browser: Browser, shop: RegisteredClient, text: str
) -> None:
    answer = browser.authorize(shop, scope="openid", claims=text)
    assert told(answer)["error"] == "invalid_request"


def test_offline_access_is_ignored_unless_consent_is_asked_for(
    instance: Instance, browser: Browser, shop: RegisteredClient
) -> None:
    """Section 11."""
    silent = browser.allow(shop, scope="openid offline_access")["code"]
    assert instance.exchange(silent, shop).json()["scope"] == "openid"
    asked = browser.allow(shop, scope="openid offline_access", prompt="consent")["code"]
    issued = instance.exchange(asked, shop).json()
    assert issued["scope"] == "offline_access openid"
    assert issued["refresh_token"]
    alone = browser.authorize(shop, scope="offline_access")
    assert told(alone)["error"] == "invalid_scope"


def test_offline_access_is_ignored_where_the_client_may_not_have_it(
    instance: Instance, browser: Browser
) -> None:
    """Section 11; a client that asks for nothing else has no request left."""
    brief = openid.apply_client(instance, "no-offline", scopes=["openid", "read"])
    code = browser.allow(brief, scope="read offline_access", prompt="consent")["code"]
    assert instance.exchange(code, brief).json()["scope"] == "read"
    alone = browser.authorize(brief, scope="offline_access", prompt="consent")
    assert told(alone)["error"] == "invalid_scope"


def test_refresh_tokens_are_for_clients_that_registered_the_grant(
    instance: Instance, browser: Browser
) -> None:
    brief = openid.apply_client(instance, "no-refresh", grant_types=["authorization_code"])
    code = browser.allow(brief, scope="openid offline_access", prompt="consent")["code"]
    assert "refresh_token" not in instance.exchange(code, brief).json()


def test_a_request_with_a_hint_and_claims_survives_signing_in(
    instance: Instance, shop: RegisteredClient, hint: str
) -> None:
    claims = json.dumps({"id_token": {"email": None, "auth_time": {"essential": True}}})
    browser = instance.browser()
    code = browser.allow(shop, scope="openid", id_token_hint=hint, claims=claims, nonce="n")["code"]
    issued = instance.exchange(code, shop).json()
    read = openid.read(instance, issued["id_token"], shop)
    assert (read["email"], read["nonce"]) == (EMAIL, "n")
