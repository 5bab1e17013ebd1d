"""The functions that the operator may call: what goes in, what comes out, what is left alone."""

import json
import threading
from dataclasses import dataclass
from typing import Any

import psycopg
import pytest


CLIENT: dict[str, Any] = {
    "client_id": "shop",
    "owner": "default/shop",
    "display_name": "The shop",
    "type": "confidential",
    "auth_method": "client_secret_basic",
    "secret_sha256": ["ab" * 32, "cd" * 32],
    "grant_types": ["authorization_code", "refresh_token"],
    "redirect_uris": ["https://shop.example/b", "https://shop.example/a"],
    "scopes": ["profile", "read"],
    "audiences": ["https://api.example"],
    "require_pkce": True,
    "access_token_ttl": 600,
    "refresh_token_ttl": None,
    "enabled": True,
    "client_uri": "https://shop.example",
    "logo_uri": None,
}
KEY = {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}
# What a spec need not say, and what it then means.
DEFAULTS: dict[str, Any] = {
    "tos_uri": None,
    "policy_uri": None,
    "contacts": [],
    "jwks": None,
    "jwks_uri": None,
    "service_account": None,
    "service_account_audience": None,
    "require_pushed_authorization": False,
    "dpop_bound": False,
    "post_logout_redirect_uris": [],
    "backchannel_logout_uri": None,
    "id_token_signed_response_alg": None,
    "userinfo_signed_response_alg": None,
    "default_max_age": None,
    "allowed_cors_origins": [],
}
CLIENT |= DEFAULTS
SCOPE: dict[str, Any] = {
    "name": "orders",
    "owner": "default/orders",
    "description": "Your orders",
    "is_default": False,
}


@dataclass
class Api:
    """authly_api on one connection; what it announces is heard on another one."""

    connection: psycopg.Connection[Any]
    ears: psycopg.Connection[Any]

    def call(self, function: str, *arguments: object) -> Any:
        given = [json.dumps(item) if isinstance(item, dict) else item for item in arguments]
        places = ", ".join("%s::jsonb" if isinstance(item, dict) else "%s" for item in arguments)
        statement = f"SELECT authly_api.{function}({places})"
        row = self.connection.execute(statement.encode(), given).fetchone()
        return None if row is None else row[0]

    def outcome(self, function: str, *arguments: object) -> tuple[str, Any]:
        answer = self.call(function, *arguments)
        assert set(answer) == {"outcome", "detail"}
        return answer["outcome"], answer["detail"]

    def client(self, epoch: int = 1, **changes: object) -> tuple[str, Any]:
        return self.outcome("apply_client", CLIENT | changes, epoch)

    def scope(self, epoch: int = 1, **changes: object) -> tuple[str, Any]:
        return self.outcome("apply_scope", SCOPE | changes, epoch)

    def heard(self) -> list[str]:
        return [notification.payload for notification in self.ears.notifies(timeout=0.1)]

    def count(self, table: str) -> Any:
        statement = f"SELECT count(*) FROM authly.{table}"  # noqa: S608  # a name of this file
        row = self.connection.execute(statement.encode()).fetchone()
        return None if row is None else row[0]


@pytest.fixture
def api(database_url: str) -> Any:
    with (
        psycopg.connect(database_url, autocommit=True) as connection,
        psycopg.connect(database_url, autocommit=True) as ears,
    ):
        ears.execute("LISTEN authly_changed")
        yield Api(connection, ears)


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
    ("secret_sha256", {"secret_sha256": ["ab" * 32, "cd" * 32, "ef" * 32]}),
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


def test_a_scope_is_created_then_unchanged_then_updated_then_deleted(api: Api) -> None:
    assert api.scope() == ("Created", None)
    assert api.scope() == ("Unchanged", None)
    assert api.scope(is_default=True) == ("Updated", None)
    assert api.call("observe_scope", "orders") == SCOPE | {"is_default": True, "in_use_by": 0}
    assert api.outcome("delete_scope", "orders", "default/orders", 1) == ("Deleted", None)
    assert api.outcome("delete_scope", "orders", "default/orders", 1) == ("Absent", None)
    assert api.heard() == ["scope:orders"] * 3
    assert api.call("observe_scope", "orders") is None


def test_a_scope_in_use_is_not_deleted(api: Api) -> None:
    api.scope()
    api.client(scopes=["orders"])
    assert api.call("observe_scope", "orders")["in_use_by"] == 1
    assert api.outcome("delete_scope", "orders", "default/orders", 1) == ("InUse", None)
    api.client(scopes=[])
    assert api.outcome("delete_scope", "orders", "default/orders", 1) == ("Deleted", None)


def test_a_scope_of_another_owner_is_a_conflict(api: Api) -> None:
    api.scope()
    assert api.scope(owner="other/orders") == ("Conflict", "default/orders")
    assert api.outcome("delete_scope", "orders", "other/orders", 1) == (
        "Conflict",
        "default/orders",
    )


def test_a_seeded_scope_is_adopted_and_released_even_in_use(api: Api) -> None:
    api.client(scopes=["read"])
    assert api.scope(name="read") == ("Updated", None)
    assert api.call("observe_scope", "read")["owner"] == "default/orders"
    assert api.scope(name="read", owner="other/read") == ("Conflict", "default/orders")
    assert api.outcome("delete_scope", "read", "default/orders", 1) == ("Released", None)
    assert api.call("observe_scope", "read")["owner"] is None
    assert api.outcome("delete_scope", "read", "default/orders", 1) == ("Absent", None)
    assert api.scope(name="read", owner="other/read") == ("Updated", None)


@pytest.mark.parametrize(
    ("named", "change"),
    [
        ("name", {"name": "two words"}),
        ("name", {"name": 'quo"te'}),
        ("name", {"name": "back\\slash"}),
        ("name", {"name": "ünïcode"}),
        ("name", {"name": ""}),
        ("name", {"name": "line\n"}),
        ("owner", {"owner": None}),
        ("description", {"description": 7}),
        ("description", {"description": "x" * 1025}),
        ("is_default", {"is_default": "true"}),
    ],
)
def test_a_scope_that_breaks_a_rule_is_invalid(
    api: Api, named: str, change: dict[str, Any]
) -> None:
    outcome, detail = api.scope(**change)
    assert outcome == "Invalid"
    assert named in detail
    assert api.count("scopes") == 7


def test_a_write_of_a_deposed_leader_is_refused(api: Api) -> None:
    assert api.client(epoch=5) == ("Created", None)
    assert api.scope(epoch=7) == ("Created", None)
    for function, arguments in (
        ("apply_client", (CLIENT | {"enabled": False}, 6)),
        ("apply_scope", (SCOPE, 6)),
        ("delete_client", ("shop", "default/shop", 6)),
        ("delete_scope", ("orders", "default/orders", 6)),
    ):
        with pytest.raises(psycopg.Error) as raised:
            api.call(function, *arguments)
        assert raised.value.sqlstate == "AU001"
    assert api.call("observe_client", "shop") == CLIENT
    assert api.client(epoch=7) == ("Unchanged", None)


@pytest.mark.parametrize("epoch", [None, -1])
def test_an_epoch_that_is_no_number_is_refused(api: Api, epoch: int | None) -> None:
    with pytest.raises(psycopg.DataError):
        api.call("apply_client", CLIENT, epoch)


def test_a_write_that_waited_for_a_new_leader_sees_its_epoch(database_url: str, api: Api) -> None:
    api.client(epoch=1)
    refused: list[str | None] = []

    def write_as_the_old_leader() -> None:
        with psycopg.connect(database_url, autocommit=True) as connection:
            try:
                connection.execute(
                    "SELECT authly_api.apply_client(%s::jsonb, 1)",
                    (json.dumps(CLIENT | {"enabled": False}),),
                )
            except psycopg.Error as error:
                refused.append(error.sqlstate)

    old_leader = threading.Thread(target=write_as_the_old_leader)
    with psycopg.connect(database_url) as new_leader:
        new_leader.execute("SELECT authly_api.apply_client(%s::jsonb, 2)", (json.dumps(CLIENT),))
        old_leader.start()
        old_leader.join(timeout=0.5)
        assert old_leader.is_alive()
    old_leader.join(timeout=10)
    assert refused == ["AU001"]


def test_the_same_client_created_from_twenty_connections_is_created_once(
    database_url: str, api: Api
) -> None:
    outcomes: list[str] = []

    def create() -> None:
        with psycopg.connect(database_url, autocommit=True) as connection:
            row = connection.execute(
                "SELECT authly_api.apply_client(%s::jsonb, 1)", (json.dumps(CLIENT),)
            ).fetchone()
            assert row is not None
            outcomes.append(row[0]["outcome"])

    threads = [threading.Thread(target=create) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    assert sorted(outcomes) == ["Created"] + ["Unchanged"] * 19
    assert api.count("clients") == 1


def test_a_scope_cannot_be_deleted_while_a_client_is_given_it(database_url: str, api: Api) -> None:
    api.scope()
    outcomes: list[str] = []

    def delete() -> None:
        with psycopg.connect(database_url, autocommit=True) as connection:
            row = connection.execute(
                "SELECT authly_api.delete_scope('orders', 'default/orders', 1)"
            ).fetchone()
            assert row is not None
            outcomes.append(row[0]["outcome"])

    deletion = threading.Thread(target=delete)
    with psycopg.connect(database_url) as other:
        spec = json.dumps(CLIENT | {"scopes": ["orders"]})
        other.execute("SELECT authly_api.apply_client(%s::jsonb, 1)", (spec,))
        deletion.start()
        deletion.join(timeout=0.5)
    deletion.join(timeout=10)
    assert outcomes == ["InUse"]


def test_the_instance_says_what_it_is(api: Api) -> None:
    api.client()
    seen = api.call("observe_instance")
    assert seen["clients"] == 1
    assert seen["scopes"] == 7
    assert seen["schema_revision"] >= 3
    assert seen["server_version"].startswith("15.")
