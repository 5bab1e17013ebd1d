"""Specs of clients that break a rule: which rule is told, and nothing changes."""

from typing import Any

import pytest
from tests.contract.operator_api import KEY, Api


INVALID: list[tuple[str, dict[str, Any]]] = [
    ("client_id", {"client_id": ""}),
    ("client_id", {"client_id": None}),
    ("client_id", {"client_id": "x" * 256}),
    ("owner", {"owner": ""}),
    ("display_name", {"display_name": 7}),
    ("type", {"type": "other"}),
    ("type", {"type": None}),
    ("auth_method", {"auth_method": "client_secret_jwt"}),
    ("auth_method", {"auth_method": "none"}),
    ("auth_method", {"type": "public"}),
    ("secret_sha256", {"secret_sha256": ["AB" * 32]}),
    ("secret_sha256", {"secret_sha256": [f"{each:02x}" * 32 for each in range(5)]}),
    ("secret_sha256", {"secret_sha256": "ab" * 32}),
    ("no secret", {"type": "public", "auth_method": "none"}),
    ("grant_types", {"grant_types": []}),
    ("grant_types", {"grant_types": [1]}),
    ("grant_types", {"grant_types": "authorization_code"}),
    ("redirect_uris", {"redirect_uris": [None]}),
    ("redirect URI", {"redirect_uris": []}),
    (
        "confidential",
        {
            "type": "public",
            "auth_method": "none",
            "secret_sha256": [],
            "grant_types": ["client_credentials"],
        },
    ),
    ("scopes", {"scopes": {}}),
    ("audiences", {"audiences": [""]}),
    ("require_pkce", {"require_pkce": "yes"}),
    (
        "require_pkce",
        {"type": "public", "auth_method": "none", "secret_sha256": [], "require_pkce": False},
    ),
    ("enabled", {"enabled": 1}),
    ("access_token_ttl", {"access_token_ttl": 0}),
    ("access_token_ttl", {"access_token_ttl": 1.5}),
    ("access_token_ttl", {"access_token_ttl": "600"}),
    ("access_token_ttl", {"access_token_ttl": 10**30}),
    ("refresh_token_ttl", {"refresh_token_ttl": -1}),
    ("client_uri", {"client_uri": ""}),
    ("logo_uri", {"logo_uri": "x" * 2049}),
    ("no secret", {"auth_method": "private_key_jwt", "jwks": {"keys": [KEY]}}),
    ("needs jwks", {"auth_method": "private_key_jwt", "secret_sha256": []}),
    ("jwks", {"jwks": {"keys": [KEY | {"d": "AAAA"}]}}),
    ("jwks", {"jwks": {"keys": [{"kty": "oct", "k": "AAAA"}]}}),
    ("jwks", {"jwks": {"keys": []}}),
    ("jwks", {"jwks": {"keys": [[KEY]]}}),
    ("jwks", {"jwks": {"keys": [{}]}}),
    ("jwks", {"jwks": {"keys": [KEY] * 21}}),
    ("jwks", {"jwks": [KEY]}),
    ("jwks", {"jwks": "keys"}),
    ("jwks_uri", {"jwks_uri": "http://shop.example/jwks"}),
    ("exclude each other", {"jwks_uri": "https://shop.example/", "jwks": {"keys": [KEY]}}),
    ("service_account", {"auth_method": "service_account", "secret_sha256": []}),
    ("service_account", {"service_account": "shop/backend"}),
    (
        "service_account",
        {"auth_method": "service_account", "secret_sha256": [], "service_account": "shop"},
    ),
    ("service_account", {"service_account_audience": "https://login.example.com"}),
    ("require_pushed_authorization", {"require_pushed_authorization": "yes"}),
    ("dpop_bound", {"dpop_bound": 1}),
    ("post_logout_redirect_uris", {"post_logout_redirect_uris": "https://shop.example"}),
    ("backchannel_logout_uri", {"backchannel_logout_uri": "https://shop.example/#x"}),
    ("backchannel_logout_uri", {"backchannel_logout_uri": "ftp://shop.example/"}),
    ("id_token_signed_response_alg", {"id_token_signed_response_alg": "none"}),
    ("userinfo_signed_response_alg", {"userinfo_signed_response_alg": "HS256"}),
    ("default_max_age", {"default_max_age": -1}),
    ("allowed_cors_origins", {"allowed_cors_origins": ["https://shop.example/"]}),
    ("allowed_cors_origins", {"allowed_cors_origins": ["*"]}),
    ("allowed_cors_origins", {"allowed_cors_origins": [None]}),
    ("tos_uri", {"tos_uri": ""}),
    ("policy_uri", {"policy_uri": 7}),
    ("contacts", {"contacts": {}}),
]


@pytest.mark.parametrize(("named", "change"), INVALID)
def test_a_client_that_breaks_a_rule_is_invalid_and_changes_nothing(
    api: Api, named: str, change: dict[str, Any]
) -> None:
    outcome, detail = api.client(**change)
    assert outcome == "Invalid"
    assert named in detail
    assert api.count("clients") == 0


@pytest.mark.parametrize("spec", ["[]", '"shop"', "null", "7", "{}"])
@pytest.mark.parametrize("function", ["apply_client", "apply_scope"])
def test_a_spec_that_is_no_object_or_empty_is_invalid(api: Api, function: str, spec: str) -> None:
    statement = f"SELECT authly_api.{function}(%s::jsonb, 1)"
    row = api.connection.execute(statement.encode(), (spec,)).fetchone()
    assert row is not None
    assert row[0]["outcome"] == "Invalid"
