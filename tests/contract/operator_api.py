"""authly_api as the operator calls it, and a right client and scope to call it with."""

import json
from dataclasses import dataclass
from typing import Any

import psycopg


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
    "deletion_policy": "delete",
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
    "descriptions": {},
    "claims": [],
    "is_default": False,
    "is_sensitive": False,
    "deletion_policy": "delete",
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
