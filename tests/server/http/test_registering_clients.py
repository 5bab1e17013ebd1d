"""C3: clients that register themselves, and what they may say of themselves (RFC 7591)."""

import json
from typing import Any

import pytest
from lxml import html
from tests.server.http import newcomers

from throwaway import instance as throwaway_instance
from throwaway.browser import Browser, has_form, told
from throwaway.instance import Instance, problem
from throwaway.server import ISSUER
from throwaway.signer import Signer


KIND = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


@pytest.fixture(scope="module")
def settings() -> dict[str, str]:
    return {
        "CACHE_TTL": "0",
        "DYNAMIC_REGISTRATION": "open",
        "DYNAMIC_CLIENT_SCOPES": "profile,read",
        "DYNAMIC_REGISTRATIONS_PER_HOUR": "10000",
        "TRUSTED_PROXIES": "127.0.0.1/32",
    }


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post", "none"])
def test_a_registered_client_goes_the_whole_way(instance: Instance, method: str) -> None:
    registered = newcomers.register(instance, token_endpoint_auth_method=method)
    client = newcomers.client_of(registered)
    assert bool(client.secret) is (method != "none")
    tokens = instance.exchange(instance.browser().allow(client)["code"], client)
    assert tokens.status_code == 200, tokens.text
    assert instance.refresh(tokens.json()["refresh_token"], client).status_code == 200


def test_a_client_registers_its_key(instance: Instance) -> None:
    signer = Signer.draw("EdDSA")
    registered = newcomers.register(
        instance, token_endpoint_auth_method="private_key_jwt", jwks=signer.jwks()
    )
    assert "client_secret" not in registered
    assertion = signer.sign(signer.claims(registered["client_id"], ISSUER))
    form = {"token": "x", "client_assertion_type": KIND, "client_assertion": assertion}
    assert instance.http.post("/revoke", data=form).status_code == 200


def test_the_answer_says_what_is_registered_with_every_default(instance: Instance) -> None:
    registered = newcomers.register(instance, scope="read admin offline_access")
    for name in ("client_id", "client_secret", "registration_access_token", "client_id_issued_at"):
        assert registered.pop(name)
    client_uri = registered.pop("registration_client_uri")
    assert client_uri.startswith(f"{ISSUER}/register/dyn_")
    assert registered == {
        "client_name": "Photo printer",
        "redirect_uris": ["https://printer.example/callback"],
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "token_endpoint_auth_method": "client_secret_basic",
        "scope": "read",
        "require_pushed_authorization_requests": False,
        "dpop_bound_access_tokens": False,
        "client_secret_expires_at": 0,
    }


def test_everything_that_can_be_said_comes_back(instance: Instance) -> None:
    given = {
        "client_uri": "https://printer.example/",
        "logo_uri": "https://printer.example/logo.png",
        "tos_uri": "https://printer.example/tos",
        "policy_uri": "https://printer.example/privacy",
        "contacts": ["ada@printer.example"],
        "jwks_uri": "https://printer.example/jwks",
        "token_endpoint_auth_method": "private_key_jwt",
        "post_logout_redirect_uris": ["https://printer.example/bye"],
        "backchannel_logout_uri": "https://printer.example/logout",
        "id_token_signed_response_alg": "RS256",
        "userinfo_signed_response_alg": "ES256",
        "default_max_age": 3600,
        "dpop_bound_access_tokens": True,
    }
    registered = newcomers.register(instance, **given)
    assert {name: registered[name] for name in given} == given
    assert (
        newcomers.manage(instance, "GET", registered).json() | given
        == newcomers.manage(instance, "GET", registered).json()
    )


def test_only_digests_are_stored(instance: Instance) -> None:
    registered = newcomers.register(instance)
    rows = "SELECT string_agg(t::text, '') FROM authly.{} AS t"
    stored = "".join(
        instance.fetch(rows.format(table)) for table in ("clients", "client_secrets", "audit_log")
    )
    assert registered["client_secret"] not in stored
    assert registered["registration_access_token"] not in stored
    log = instance.server.log.read_text()
    assert registered["client_secret"] not in log
    assert registered["registration_access_token"] not in log


BAD: dict[str, tuple[str, dict[str, Any]]] = {
    "no redirect_uris": ("invalid_redirect_uri", {"redirect_uris": None}),
    "empty redirect_uris": ("invalid_redirect_uri", {"redirect_uris": []}),
    "redirect_uris text": ("invalid_redirect_uri", {"redirect_uris": "https://a.example"}),
    "redirect_uris numbers": ("invalid_redirect_uri", {"redirect_uris": [1]}),
    "1000 redirect_uris": (
        "invalid_redirect_uri",
        {"redirect_uris": [f"https://a.example/{at}" for at in range(1000)]},
    ),
    "javascript": ("invalid_redirect_uri", {"redirect_uris": ["javascript:alert(1)"]}),
    "data": ("invalid_redirect_uri", {"redirect_uris": ["data:text/html,x"]}),
    "http": ("invalid_redirect_uri", {"redirect_uris": ["http://a.example/"]}),
    "scheme without dot": ("invalid_redirect_uri", {"redirect_uris": ["myapp:/callback"]}),
    "fragment": ("invalid_redirect_uri", {"redirect_uris": ["https://a.example/#x"]}),
    "user information": ("invalid_redirect_uri", {"redirect_uris": ["https://a@b.example/"]}),
    "wildcard": ("invalid_redirect_uri", {"redirect_uris": ["https://*.example/"]}),
    "reserved parameter": ("invalid_redirect_uri", {"redirect_uris": ["https://a.example/?iss=x"]}),
    "long": ("invalid_redirect_uri", {"redirect_uris": ["https://a.example/" + "x" * 3000]}),
    "bad post logout": (
        "invalid_redirect_uri",
        {"post_logout_redirect_uris": ["javascript:alert(1)"]},
    ),
    "implicit": ("invalid_client_metadata", {"grant_types": ["implicit"]}),
    "password": ("invalid_client_metadata", {"grant_types": ["password"]}),
    "client_credentials": ("invalid_client_metadata", {"grant_types": ["client_credentials"]}),
    "refresh alone": ("invalid_client_metadata", {"grant_types": ["refresh_token"]}),
    "response mismatch": ("invalid_client_metadata", {"response_types": ["token"]}),
    "two responses": ("invalid_client_metadata", {"response_types": ["code", "id_token"]}),
    "grants text": ("invalid_client_metadata", {"grant_types": "authorization_code"}),
    "service account": (
        "invalid_client_metadata",
        {"token_endpoint_auth_method": "service_account", "service_account": "a/b"},
    ),
    "unknown method": ("invalid_client_metadata", {"token_endpoint_auth_method": "magic"}),
    "software statement": ("unapproved_software_statement", {"software_statement": "junk"}),
    "software statement a number": ("unapproved_software_statement", {"software_statement": 7}),
    "name too long": ("invalid_client_metadata", {"client_name": "x" * 101}),
    "name a list": ("invalid_client_metadata", {"client_name": ["x"]}),
    "NUL": ("invalid_client_metadata", {"client_name": "a\0b"}),
    "NUL in a key": ("invalid_client_metadata", {"jwks": {"keys": [{"kty": "EC", "x": "\0"}]}}),
    "surrogate": ("invalid_client_metadata", {"client_name": "\ud800"}),
    "surrogate nowhere asked": ("invalid_client_metadata", {"unknown": ["\udfff"]}),
    "scope none of ours": ("invalid_client_metadata", {"scope": "admin"}),
    "scope malformed": ("invalid_client_metadata", {"scope": "a  b"}),
    "client_uri http": ("invalid_client_metadata", {"client_uri": "http://a.example/"}),
    "logo javascript": ("invalid_client_metadata", {"logo_uri": "javascript:alert(1)"}),
    "jwks_uri inward": ("invalid_client_metadata", {"jwks_uri": "file:///etc/passwd"}),
    "jwks and jwks_uri": (
        "invalid_client_metadata",
        {"jwks_uri": "https://a.example/", "jwks": {"keys": []}},
    ),
    "jwks empty": ("invalid_client_metadata", {"jwks": {"keys": []}}),
    "jwks private": (
        "invalid_client_metadata",
        {"jwks": {"keys": [Signer.draw("ES256").jwk(d="AAAA")]}},
    ),
    "key missing": (
        "invalid_client_metadata",
        {"token_endpoint_auth_method": "private_key_jwt"},
    ),
    "contacts 1000": ("invalid_client_metadata", {"contacts": ["a@b.example"] * 1000}),
    "max age": ("invalid_client_metadata", {"default_max_age": -1}),
    "max age huge": ("invalid_client_metadata", {"default_max_age": 10**30}),
    "alg none": ("invalid_client_metadata", {"id_token_signed_response_alg": "none"}),
    "flag text": ("invalid_client_metadata", {"dpop_bound_access_tokens": "yes"}),
}


@pytest.mark.parametrize("name", BAD)
def test_metadata_that_breaks_a_rule_registers_nothing(instance: Instance, name: str) -> None:
    count = "SELECT count(*) FROM authly.clients"
    before = instance.fetch(count)
    error, members = BAD[name]
    content = json.dumps(newcomers.metadata(**members))
    answer = instance.http.post(
        "/register", content=content, headers={"Content-Type": "application/json"}
    )
    assert problem(answer) == (400, error)
    assert instance.fetch(count) == before


@pytest.mark.parametrize(
    ("content", "kind", "status", "error"),
    [
        (b"", "application/json", 400, "invalid_client_metadata"),
        (b"[]", "application/json", 400, "invalid_client_metadata"),
        (b"{", "application/json", 400, "invalid_client_metadata"),
        (b"\xff\xfe", "application/json", 400, "invalid_client_metadata"),
        (b'{"a": NaN}', "application/json", 400, "invalid_client_metadata"),
        (b'{"a": 1, "a": 2}', "application/json", 400, "invalid_client_metadata"),
        (b'{"a": ' + b"[" * 20_000, "application/json", 400, "invalid_client_metadata"),
        (
            b'{"a": ' + b"[" * 500 + b"]" * 500 + b"}",
            "application/json",
            400,
            "invalid_client_metadata",
        ),
        (b'{"a": ' + b"9" * 5000 + b"}", "application/json", 400, "invalid_client_metadata"),
        (b"{}" + b" " * 1_000_000, "application/json", 413, "invalid_request"),
        (b"redirect_uris=x", "application/x-www-form-urlencoded", 400, "invalid_request"),
        (b"{}", "text/plain", 400, "invalid_request"),
        (b"{}", "application/json; charset=utf-7", 400, "invalid_request"),
    ],
)
def test_a_body_that_is_no_small_json_object_is_refused(
    instance: Instance, content: bytes, kind: str, status: int, error: str
) -> None:
    answer = instance.http.post("/register", content=content, headers={"Content-Type": kind})
    assert problem(answer) == (status, error)


def test_a_name_is_one_line_of_plain_text(instance: Instance) -> None:
    name = "  <img src=x onerror=alert(1)>\u202e\u2066gnp.\u200b\r\n\tbank\u2028 "
    registered = newcomers.register(instance, client_name=name)
    assert registered["client_name"] == "<img src=x onerror=alert(1)>gnp. bank"
    invisible = newcomers.register(instance, client_name="\u202e\u200b")
    assert invisible["client_name"] == invisible["client_id"]
    browser = instance.browser()
    page = browser.sign_in(browser.authorize(newcomers.client_of(registered)))
    assert has_form(page, "consent-form")
    assert "<img" not in page.text
    (warning,) = html.fromstring(page.text).cssselect("#voucher")
    assert "registered itself" in str(warning.xpath("string()"))


def test_consent_is_asked_whatever_the_setting_says(
    module_database_url: str, instance: Instance, settings: dict[str, str]
) -> None:
    client = newcomers.client_of(newcomers.register(instance))
    relaxed = settings | {"REQUIRE_USER_CONSENT": "false"}
    with throwaway_instance.running(module_database_url, tls=False, **relaxed) as second:
        browser = second.browser()
        assert has_form(browser.sign_in(browser.authorize(client)), "consent-form")


def test_a_bad_request_sends_nobody_on_by_itself(instance: Instance) -> None:
    client = newcomers.client_of(newcomers.register(instance))
    browser = Browser(instance.server.base_url)
    page = browser.authorize(client, scope="admin")
    browser.close()
    assert page.status_code == 400
    assert "Location" not in page.headers
    (why,) = html.fromstring(page.text).cssselect("#error-explanation")
    assert why.text == "Not allowed for this client: admin."


def test_metadata_names_the_endpoint_which_only_posts(instance: Instance) -> None:
    told_ = instance.http.get("/.well-known/oauth-authorization-server").json()
    assert told_["registration_endpoint"] == f"{ISSUER}/register"
    assert problem(instance.http.get("/register")) == (405, "invalid_request")
    registered = newcomers.register(instance)
    assert problem(newcomers.manage(instance, "POST", registered)) == (405, "invalid_request")


def test_denying_such_a_client_goes_back_to_it(instance: Instance) -> None:
    client = newcomers.client_of(newcomers.register(instance))
    browser = instance.browser()
    page = browser.sign_in(browser.authorize(client))
    assert told(browser.submit(page, decision="deny"))["error"] == "access_denied"
