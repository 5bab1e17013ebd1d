"""What spec.allowedClients lets clients have, and how the rule that refuses is named."""

from collections.abc import Callable
from typing import Any

import pytest

from authly_operator.api import authly_client, authly_scope
from authly_operator.conditions import acceptance, applicant, redirect_host
from authly_operator.conditions.applicant import Refusal
from authly_operator.observed import Identity, ServerView


View = Callable[..., ServerView]
PEOPLE: dict[str, Any] = {
    "grantTypes": ["authorization_code", "refresh_token"],
    "redirectUris": ["https://app.example.com/callback"],
    "scopes": ["openid", "orders"],
}


def of(namespace: str) -> Identity:
    return Identity(name="shop", namespace=namespace, uid="u", generation=1)


def refusal(server: ServerView, **spec: Any) -> Refusal | None:
    """The answer to a client of the server's own namespace."""
    wanted = authly_client.Spec.model_validate({"serverRef": {"name": "main"}, **PEOPLE, **spec})
    return acceptance.refusal(server, applicant.of(wanted, of("auth"), {}))


def told(server: ServerView, **spec: Any) -> tuple[str, str]:
    found = refusal(server, **spec)
    assert found is not None
    return found.reason.value, found.message


def test_a_server_without_rules_lets_its_clients_have_anything(view: View) -> None:
    assert refusal(view(), tokens={"accessTokenTTL": "24h"}) is None


def test_rules_that_are_kept_refuse_nobody(view: View) -> None:
    server = view(
        scopes=["openid", "orders", "more"],
        grantTypes=["authorization_code", "refresh_token"],
        redirectHosts=["*.example.com"],
        maxAccessTokenTTL="30m",
    )

    assert refusal(server) is None
    assert refusal(server, tokens={"accessTokenTTL": "1800s"}) is None


@pytest.mark.parametrize(
    ("rules", "spec", "reason", "message"),
    [
        (
            {"scopes": ["openid"]},
            {},
            "ScopeNotAllowed",
            "spec.allowedClients.scopes of AuthlyServer auth/main does not list orders: remove what"
            " is not listed from the client's spec.scopes, or whoever runs the server can add it"
            " there",
        ),
        (
            {"grantTypes": ["client_credentials"]},
            {},
            "GrantTypeNotAllowed",
            "spec.allowedClients.grantTypes of AuthlyServer auth/main does not list"
            " authorization_code; refresh_token: remove what is not listed from the client's"
            " spec.grantTypes, or whoever runs the server can add it there",
        ),
        (
            {"redirectHosts": ["shop.example", "*.internal.example"]},
            {},
            "RedirectHostNotAllowed",
            "spec.allowedClients.redirectHosts of AuthlyServer auth/main does not list the host of"
            " https://app.example.com/callback: use an address below one of shop.example;"
            " *.internal.example, or whoever runs the server can add it there",
        ),
        (
            {"redirectHosts": ["app.example.com"]},
            {"postLogoutRedirectUris": ["https://elsewhere.example/bye"]},
            "RedirectHostNotAllowed",
            "spec.allowedClients.redirectHosts of AuthlyServer auth/main does not list the host of"
            " https://elsewhere.example/bye: use an address below one of app.example.com, or"
            " whoever runs the server can add it there",
        ),
        (
            {"maxAccessTokenTTL": "45m"},
            {"tokens": {"accessTokenTTL": "1h"}},
            "AccessTokenTTLTooLong",
            "spec.allowedClients.maxAccessTokenTTL of AuthlyServer auth/main is 45m, and access"
            " tokens of this client would live 3600 s: set the client's spec.tokens.accessTokenTTL"
            " to at most 45m, or whoever runs the server can raise it",
        ),
        (
            {"maxAccessTokenTTL": "10m"},
            {},
            "AccessTokenTTLTooLong",
            "spec.allowedClients.maxAccessTokenTTL of AuthlyServer auth/main is 10m, and access"
            " tokens of this client would live 1800 s: set the client's spec.tokens.accessTokenTTL"
            " to at most 10m, or whoever runs the server can raise it",
        ),
    ],
    ids=str,
)
def test_the_rule_that_refuses_is_named_with_what_to_do(
    view: View, rules: dict[str, Any], spec: dict[str, Any], reason: str, message: str
) -> None:
    assert told(view(**rules), **spec) == (reason, message)


@pytest.mark.parametrize(
    ("uri", "allowed"),
    [
        ("https://app.example.com/callback", "app.example.com"),
        ("https://APP.example.com:8443/callback", "app.example.com"),
        ("https://app.example.com?x=y", "app.example.com"),
        ("https://a.b.example.com/", "*.example.com"),
        ("http://127.0.0.1:8080/callback", "127.0.0.1"),
        ("http://localhost/callback", "localhost"),
        ("http://[::1]:9/callback", "[::1]"),
        ("com.example.app:/callback", "com.example.app:"),
    ],
)
def test_a_host_is_allowed_by_its_name_a_domain_above_it_or_its_scheme(
    uri: str, allowed: str
) -> None:
    assert redirect_host.is_allowed(uri, [allowed])


@pytest.mark.parametrize(
    ("uri", "allowed"),
    [
        ("https://example.com/", "*.example.com"),
        ("https://evilexample.com/", "*.example.com"),
        ("https://app.example.com.evil.test/", "app.example.com"),
        ("https://app.example.com.evil.test/", "*.example.com"),
        ("https://evil.test/app.example.com", "app.example.com"),
        ("https://evil.test?.example.com", "*.example.com"),
        ("https://app.example.com@evil.test/", "app.example.com"),
        ("https://evil.test\\.example.com/", "*.example.com"),
        ("https://evil.test%2f.example.com/", "*.example.com"),
        ("https://.example.com/", "*.example.com"),
        ("https://app.example.com./", "app.example.com"),
        ("com.example.app:/callback", "com.example.app"),
        ("com.example.app.evil:/callback", "com.example.app:"),
        ("https://com.example.app/", "com.example.app:"),
        ("javascript:alert(1)", "*.example.com"),
    ],
)
def test_no_host_is_taken_for_another(uri: str, allowed: str) -> None:
    assert not redirect_host.is_allowed(uri, [allowed])


def scope(server: ServerView, namespace: str) -> Refusal | None:
    wanted = authly_scope.Spec.model_validate({"serverRef": {"name": "main"}, "name": "admin"})
    return acceptance.refusal(server, applicant.of(wanted, of(namespace), {}))


def test_other_namespaces_declare_only_scopes_that_clients_may_have(view: View) -> None:
    server = view(allow={"from": "All"}, scopes=["openid"])

    assert scope(server, "auth") is None
    refused = scope(server, "shop")
    assert refused is not None
    assert refused.reason == "ScopeNotAllowed"
    assert "declare it in namespace auth" in refused.message
    assert scope(view(allow={"from": "All"}), "shop") is None


def test_a_server_of_fapi_refuses_clients_that_prove_themselves_by_no_key(view: View) -> None:
    for auth in ({}, {"method": "ClientSecretPost"}):
        reason, message = told(view(profile="FAPI2"), auth=auth)
        assert reason == "AuthMethodNotAllowed"
        assert "set the client's spec.auth.method to PrivateKeyJwt" in message
    assert refusal(view(), auth={"method": "ClientSecretPost"}) is None


def test_a_server_of_fapi_takes_a_client_with_a_key(view: View) -> None:
    keys = {"jwksUri": "https://app.example.com/jwks"}
    auth = {"method": "PrivateKeyJwt", "privateKeyJwt": keys}

    assert refusal(view(profile="FAPI2"), auth=auth) is None


def test_a_registered_client_is_judged_by_the_method_of_its_row(view: View) -> None:
    row: dict[str, Any] = {
        "scopes": [],
        "grant_types": [],
        "redirect_uris": [],
        "post_logout_redirect_uris": [],
        "access_token_ttl": None,
    }

    def judged(method: str) -> Refusal | None:
        found = applicant.registered(row | {"auth_method": method}, of("auth"), {})
        return acceptance.refusal(view(profile="FAPI2"), found)

    assert judged("private_key_jwt") is None
    assert judged("service_account") is not None
