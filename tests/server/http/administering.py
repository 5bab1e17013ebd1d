"""Administrators in the words of tests: their networks, a client that they use, their requests."""

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import httpx

from throwaway.instance import Instance
from throwaway.registration import RegisteredClient


SETTINGS = {"CACHE_TTL": "0", "ADMIN_NETWORKS": "127.0.0.0/8, ::1/128"}


@dataclass
class Desk:
    """Where the administrators' API of an instance is asked; the person of it is an administrator.

    `console` is a client that may have the scope, for a person or for itself.
    """

    instance: Instance
    http: httpx.Client
    console: RegisteredClient = field(init=False)

    def __post_init__(self) -> None:
        self.console = self.apply_console("console")

    def apply_console(self, client_id: str, **spec: Any) -> RegisteredClient:
        """A client whose tokens are meant for the server itself, since it names no audience."""
        wanted = {"scopes": ["admin", "profile", "read"], "audiences": [], **spec}
        return self.instance.apply_client(client_id, **wanted)

    @cached_property
    def token(self) -> str:
        """A token of the administrator, which tests do not revoke."""
        return str(self.instance.tokens(self.console, scope="admin")["access_token"])

    def token_of(self, client: RegisteredClient, scope: str = "admin") -> str:
        """A token that a client has got for itself."""
        answer = self.instance.post("/token", client, grant_type="client_credentials", scope=scope)
        answer.raise_for_status()
        return str(answer.json()["access_token"])

    def ask(
        self, method: str, path: str, token: str | None = None, **request: Any
    ) -> httpx.Response:
        """Ask with a bearer token, that of the administrator where there is no other."""
        headers = {"Authorization": f"Bearer {token or self.token}", **request.pop("headers", {})}
        return self.http.request(method, f"/admin/v1{path}", headers=headers, **request)

    def get(self, path: str, token: str | None = None, **request: Any) -> httpx.Response:
        """Look at something."""
        return self.ask("GET", path, token, **request)

    def change(
        self, path: str, members: object, etag: str | None = None, **request: Any
    ) -> httpx.Response:
        """PATCH as it was looked at, or as the `etag` says it was."""
        looked_at = self.get(path).headers["ETag"] if etag is None else etag
        headers = {"If-Match": looked_at, **request.pop("headers", {})}
        return self.ask("PATCH", path, json=members, headers=headers, **request)

    def pages(self, path: str, limit: int, **filters: str) -> list[list[Any]]:
        """Each part of a list to its end."""
        parts, query = [], {"limit": str(limit), **filters}
        while True:
            told = self.get(path, params=query).raise_for_status().json()
            parts.append(told["items"])
            if "next" not in told:
                return parts
            query["after"] = told["next"]
