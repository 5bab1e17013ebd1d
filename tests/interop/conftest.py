"""One server, one browser and one landing place for the whole folder; clients for each test."""

import contextlib
import itertools
import os
import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from urllib.parse import urlencode

import httpx
import pytest
from tests.interop import callback, chromium
from tests.interop.person import Person
from tests.interop.tab import Tab

from throwaway import (
    postgres as throwaway_postgres,
    registration,
    server as throwaway_server,
    smtp,
)


SCOPES = ("email", "profile", "read")
AUDIENCE = "https://api.example"
CODE = ("authorization_code", "refresh_token")
SERVICE = ("client_credentials",)
# The example of RFC 7636, appendix B.
VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
_numbers = itertools.count(1)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The first test of a library has to install it."""
    here = os.path.dirname(__file__)  # noqa: PTH120 - compared as text
    for item in items:
        if str(item.path).startswith(here):
            item.add_marker(pytest.mark.timeout(900))


@dataclass(frozen=True)
class Application:
    """A registered client and what it asks for."""

    client_id: str
    client_secret: str = field(repr=False)
    redirect_uri: str
    scope: str = " ".join(SCOPES)
    audience: str = AUDIENCE


Register = Callable[..., Application]
Ask = Callable[..., str]


@pytest.fixture(scope="session")
def interop_database(postgres: throwaway_postgres.Cluster, migrated_template: str) -> Iterator[str]:
    """A database with an administrator, and a scope that no release has seeded."""
    url = postgres.create_database("interop", template=migrated_template)
    registration.migrate(url)
    registration.apply_scope(url, "email", description="See your email address")
    yield url
    postgres.drop_database("interop")


@pytest.fixture(scope="session")
def mailbox() -> Iterator[smtp.Mailbox]:
    """Where the server's mail to people arrives."""
    with contextlib.closing(smtp.start()) as started:
        yield started


@pytest.fixture(scope="session")
def server(
    interop_database: str, home: callback.Home, mailbox: smtp.Mailbox
) -> Iterator[throwaway_server.Server]:
    """The real server behind TLS; everybody has one address here, so it counts no requests."""
    environ = {"RATE_LIMIT_ENABLED": "false", "CORS_ORIGINS": home.origin} | mailbox.settings
    made = throwaway_server.create(interop_database, tls=True, start=True, **environ)
    with contextlib.closing(made) as running:
        yield running


@pytest.fixture
def ask(server: throwaway_server.Server) -> Ask:
    """The URL that a client sends a browser to."""

    def url(application: Application, **more: str) -> str:
        asked = {
            "client_id": application.client_id,
            "redirect_uri": application.redirect_uri,
            "response_type": "code",
            "scope": application.scope,
            "state": f"state of {application.client_id}",
            "code_challenge": CHALLENGE,
            "code_challenge_method": "S256",
        }
        return f"{server.issuer}/authorize?{urlencode(asked | more)}"

    return url


@pytest.fixture(scope="session")
def home() -> Iterator[callback.Home]:
    """Where browsers are sent back to."""
    with contextlib.closing(callback.listen()) as listening:
        yield listening


@pytest.fixture(scope="session")
def register(interop_database: str, home: callback.Home) -> Register:
    """Register a client that nobody has consented to yet."""

    def make(
        name: str,
        auth_method: str = "client_secret_basic",
        *,
        grants: tuple[str, ...] = CODE,
        redirect_uri: str | None = None,
    ) -> Application:
        client_id = f"{name}-{next(_numbers)}"
        redirect_uri = redirect_uri or home.redirect_uri(client_id)
        client = registration.apply_client(
            interop_database,
            client_id=client_id,
            display_name=name.capitalize(),
            auth_method=auth_method,
            grant_types=list(grants),
            redirect_uris=[redirect_uri],
            scopes=list(SCOPES),
            audiences=[AUDIENCE],
        )
        return Application(client_id, client.secret, redirect_uri)

    return make


@pytest.fixture
def person(server: throwaway_server.Server) -> Iterator[Person]:
    """The administrator, with a browser that has no cookies yet and runs no script."""
    with httpx.Client(verify=server.tls_context()) as http:
        yield Person(http, registration.EMAIL, registration.PASSWORD)


@pytest.fixture(scope="session")
def trust(server: throwaway_server.Server) -> ssl.SSLContext:
    """Trust in the server's authority, and in no other."""
    return server.tls_context()


@pytest.fixture(scope="session")
def browser(server: throwaway_server.Server) -> Iterator[chromium.Chromium]:
    """A browser that accepts the server's certificate."""
    key_digest = chromium.key_digest((server.directory / "server.pem").read_bytes())
    with contextlib.closing(chromium.start(key_digest)) as running:
        yield running


@pytest.fixture
def tab(browser: chromium.Chromium) -> Iterator[Tab]:
    """A tab of a profile without cookies."""
    profile = browser.call("Target.createBrowserContext")["browserContextId"]
    yield Tab.open(browser, profile)
    browser.call("Target.disposeBrowserContext", browserContextId=profile)
