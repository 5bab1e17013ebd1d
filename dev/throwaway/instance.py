"""A whole authorization server to ask things: database, process, a client, a person signed in."""

import contextlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import httpx
import psycopg

from throwaway import registration, server as throwaway_server
from throwaway.browser import VERIFIER, Browser
from throwaway.registration import RegisteredClient
from throwaway.server import Server


@dataclass
class Instance:
    """What tests over HTTP talk to; `shop` is a confidential client that may use every grant."""

    database_url: str
    server: Server
    shop: RegisteredClient
    _resources: contextlib.ExitStack = field(default_factory=contextlib.ExitStack, repr=False)

    def close(self) -> None:
        """End the process and every connection to it; the database stays."""
        self._resources.close()
        self.server.close()

    @cached_property
    def http(self) -> httpx.Client:
        """A client that keeps no cookies and follows no redirect."""
        return self._resources.enter_context(
            httpx.Client(base_url=self.server.base_url, timeout=30)
        )

    def browser(self) -> Browser:
        """A browser that has never been here."""
        return self._resources.enter_context(contextlib.closing(Browser(self.server.base_url)))

    @cached_property
    def person(self) -> Browser:
        """A browser in which somebody has signed in."""
        browser = self.browser()
        browser.allow(self.shop)
        return browser

    def apply_client(self, client_id: str, **spec: Any) -> RegisteredClient:
        """Register one more client."""
        return registration.apply_client(self.database_url, client_id=client_id, **spec)

    def post(
        self, path: str, client: RegisteredClient | None = None, /, **form: str
    ) -> httpx.Response:
        """Post a form as that client, by the method that it has registered; the shop by default."""
        client = client or self.shop
        match client.spec["auth_method"]:
            case "client_secret_basic":
                return self.http.post(path, auth=client.basic, data=form)
            case "client_secret_post":
                secret = {"client_id": client.client_id, "client_secret": client.secret}
                return self.http.post(path, data=secret | form)
            case _:
                return self.http.post(path, data={"client_id": client.client_id} | form)

    def code(self, client: RegisteredClient | None = None, **changes: str | None) -> str:
        """An authorization code for the person who is signed in."""
        return self.person.allow(client or self.shop, **changes)["code"]

    def exchange(
        self, code: str, client: RegisteredClient | None = None, /, **changes: str | None
    ) -> httpx.Response:
        """Exchange a code; None leaves a parameter out."""
        client = client or self.shop
        form: Mapping[str, str | None] = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": client.redirect_uri,
            "code_verifier": VERIFIER,
            **changes,
        }
        sent = {name: value for name, value in form.items() if value is not None}
        return self.post("/token", client, **sent)

    def tokens(self, client: RegisteredClient | None = None, **changes: str | None) -> Any:
        """The whole way to a token response."""
        answer = self.exchange(self.code(client, **changes), client)
        answer.raise_for_status()
        return answer.json()

    def refresh(
        self, refresh_token: str, client: RegisteredClient | None = None, /, **form: str
    ) -> httpx.Response:
        """Ask for new tokens."""
        form = {"grant_type": "refresh_token", "refresh_token": refresh_token} | form
        return self.post("/token", client, **form)

    def is_active(self, token: str, client: RegisteredClient | None = None) -> bool:
        """What introspection says."""
        answer = self.post("/introspect", client, token=token).raise_for_status()
        return bool(answer.json()["active"])

    def userinfo(self, token: str) -> httpx.Response:
        """Ask about the person of an access token."""
        return self.http.get("/userinfo", headers={"Authorization": f"Bearer {token}"})

    def fetch(self, statement: str, *parameters: object) -> Any:
        """The first column of the first row, asked of the database itself."""
        with psycopg.connect(self.database_url, autocommit=True) as connection:
            row = connection.execute(statement.encode(), parameters).fetchone()
        return None if row is None else row[0]

    def execute(self, statement: str, *parameters: object) -> None:
        """Change something in the database itself."""
        with psycopg.connect(self.database_url, autocommit=True) as connection:
            connection.execute(statement.encode(), parameters)

    def metric(self, name: str, **labels: str) -> float:
        """The value of one time series, 0 where there is none."""
        wanted = {f'{key}="{value}"' for key, value in labels.items()}
        for line in httpx.get(f"{self.server.management_url}/metrics").text.splitlines():
            series, _, value = line.rpartition(" ")
            found, _, rest = series.partition("{")
            if found == name and set(rest.rstrip("}").split(",")) - {""} == wanted:
                return float(value)
        return 0.0


@contextlib.contextmanager
def running(database_url: str, *, tls: bool = False, **environ: str) -> Iterator[Instance]:
    """A server for as long as the block lasts, on a database that need not be migrated before.

    `environ` are settings by their names in the environment.
    """
    registration.migrate(database_url)
    shop = registration.apply_client(database_url)
    server = throwaway_server.create(database_url, tls=tls, start=True, **environ)
    with contextlib.closing(Instance(database_url, server, shop)) as instance:
        yield instance


def problem(answer: httpx.Response) -> tuple[int, str]:
    """Status and error of a refusal, which must be whole: JSON, uncached, printable."""
    kind, caching = answer.headers["Content-Type"], answer.headers["Cache-Control"]
    told = json.loads(answer.text)
    description = told.pop("error_description")
    error = told.pop("error")
    if kind != "application/json" or caching != "no-store" or told:
        message = f"not an OAuth error: {kind}, {caching}, {told}"
        raise ValueError(message)
    if not all(" " <= c <= "~" and c not in '"\\' for c in description):
        message = f"not printable: {description!r}"
        raise ValueError(message)
    return answer.status_code, error
