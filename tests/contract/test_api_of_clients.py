"""The functions for clients: what goes in, what comes out, what is left alone."""

import json
from typing import Any

import pytest
from tests.contract.operator_api import CLIENT, DEFAULTS, KEY, Api


def test_a_client_is_created_then_unchanged_then_updated(api: Api) -> None:
    assert api.client() == ("Created", None)
    assert api.client() == ("Unchanged", None)
    assert api.client(display_name="The new shop") == ("Updated", None)
    assert api.call("observe_client", "shop") == CLIENT | {"display_name": "The new shop"}


def test_what_is_unchanged_writes_nothing_and_notifies_nobody(api: Api) -> None:
    api.client()
    api.scope()
    assert api.heard() == ["client:shop", "scope:orders"]
    versions = "SELECT array_agg(xmin::text) FROM authly.clients"
    before = api.connection.execute(versions).fetchone()
    assert api.client() == ("Unchanged", None)
    assert api.client(scopes=["read", "profile", "read"]) == ("Unchanged", None)
    assert api.scope() == ("Unchanged", None)
    assert api.heard() == []
    assert api.connection.execute(versions).fetchone() == before
    assert api.count("audit_log") == 2


@pytest.mark.parametrize(
    "change",
    [
        {"secret_sha256": ["ef" * 32]},
        {"secret_sha256": ["cd" * 32, "ab" * 32]},
        {"scopes": ["read"]},
        {"scopes": []},
        {"grant_types": ["authorization_code"]},
        {"redirect_uris": ["https://shop.example/a"]},
        {"audiences": []},
        {"require_pkce": False},
        {"access_token_ttl": None},
        {"refresh_token_ttl": 86400},
        {"enabled": False},
        {"client_uri": None},
        {"logo_uri": "https://shop.example/logo.png"},
        {"auth_method": "client_secret_post"},
        {"type": "public", "auth_method": "none", "secret_sha256": []},
        {"auth_method": "private_key_jwt", "secret_sha256": [], "jwks": {"keys": [KEY]}},
        {"jwks_uri": "https://shop.example/jwks"},
        {
            "auth_method": "service_account",
            "secret_sha256": [],
            "service_account": "shop/back.end",
            "service_account_audience": "https://login.example.com",
        },
        {"require_pushed_authorization": True, "dpop_bound": True},
        {"post_logout_redirect_uris": ["https://shop.example/bye", "https://shop.example/"]},
        {"backchannel_logout_uri": "https://shop.example/logout"},
        {"id_token_signed_response_alg": "RS256", "userinfo_signed_response_alg": "EdDSA"},
        {"default_max_age": 0},
        {"allowed_cors_origins": ["https://shop.example", "http://[::1]:8080"]},
        {"tos_uri": "https://shop.example/tos", "policy_uri": "https://shop.example/privacy"},
        {"contacts": ["ada@shop.example"]},
    ],
    ids=json.dumps,
)
def test_each_change_of_a_client_is_stored_and_announced(api: Api, change: dict[str, Any]) -> None:
    api.client()
    api.heard()
    assert api.client(**change) == ("Updated", None)
    assert api.heard() == ["client:shop"]
    assert api.call("observe_client", "shop") == CLIENT | change
    assert api.client(**change) == ("Unchanged", None)


def test_what_a_spec_leaves_out_has_a_default(api: Api) -> None:
    minimal = {
        "client_id": "job",
        "owner": "default/job",
        "type": "confidential",
        "auth_method": "client_secret_post",
        "grant_types": ["client_credentials"],
    }
    assert api.outcome("apply_client", minimal, 1) == ("Created", None)
    assert api.call("observe_client", "job") == minimal | DEFAULTS | {
        "display_name": "job",
        "secret_sha256": [],
        "redirect_uris": [],
        "scopes": [],
        "audiences": [],
        "require_pkce": True,
        "access_token_ttl": None,
        "refresh_token_ttl": None,
        "enabled": True,
        "client_uri": None,
        "logo_uri": None,
    }


def test_unknown_scopes_are_named_and_nothing_is_written(api: Api) -> None:
    assert api.client(scopes=["zebra", "read", "apple"]) == ("UnknownScopes", ["apple", "zebra"])
    assert api.call("observe_client", "shop") is None
    assert api.heard() == []


def test_a_client_of_another_owner_is_a_conflict(api: Api) -> None:
    api.client()
    assert api.client(owner="other/shop") == ("Conflict", "default/shop")
    assert api.outcome("delete_client", "shop", "other/shop", 1) == ("Conflict", "default/shop")
    assert api.call("observe_client", "shop") == CLIENT


def test_a_client_that_no_operator_made_is_a_conflict_without_a_name(api: Api) -> None:
    api.client()
    api.connection.execute("UPDATE authly.clients SET owner = NULL")
    assert api.client() == ("Conflict", "")
    assert api.outcome("delete_client", "shop", "default/shop", 1) == ("Conflict", "")


def test_a_deleted_client_takes_its_grants_and_tokens_along(api: Api) -> None:
    api.client()
    api.connection.execute(
        "INSERT INTO authly.users"
        " (email, username, email_folded, username_folded, password_hash)"
        " VALUES ('a@b.c', 'a', 'a@b.c', 'a', 'x')"
    )
    api.connection.execute(
        "WITH granted AS (INSERT INTO authly.grants (id, client_id, user_id, scopes)"
        " SELECT gen_random_uuid(), clients.id, users.id, '{}' FROM authly.clients, authly.users"
        " RETURNING *)"
        " INSERT INTO authly.tokens"
        " (token_type, client_id, grant_id, generation, digest, expires_at)"
        " SELECT 'refresh', client_id, id, 0, sha256('x'), now() FROM granted"
    )
    api.heard()
    assert api.outcome("delete_client", "shop", "default/shop", 1) == ("Deleted", None)
    assert api.heard() == ["client:shop"]
    assert (api.count("grants"), api.count("tokens"), api.count("client_scopes")) == (0, 0, 0)
    assert api.outcome("delete_client", "shop", "default/shop", 1) == ("Absent", None)
    assert api.heard() == []
