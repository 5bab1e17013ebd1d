"""The MCP SDKs, which know only the URL of a resource and find, register and authorize from there.

What they need of an authorization server: RFC 8414, 7591, 7636, 8707 and 9207, and client ID
metadata documents. The resource verifies their access tokens by our JWKS.
"""

import contextlib
import json
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import httpx
import pytest
from tests.interop import callback, node_program, protected_resource, python_program
from tests.interop.person import Person

from throwaway import (
    postgres as throwaway_postgres,
    publisher,
    registration,
    server as throwaway_server,
)


GRANTS = ["authorization_code", "refresh_token"]
METHODS = ("none", "client_secret_basic", "client_secret_post")
Use = Callable[[dict[str, Any]], dict[str, Any]]


@pytest.fixture(scope="module")
def resource() -> Iterator[protected_resource.Resource]:
    with contextlib.closing(protected_resource.listen()) as listening:
        yield listening


@pytest.fixture(scope="module")
def host() -> Iterator[publisher.Publisher]:
    """Where a client publishes what it is."""
    with contextlib.closing(publisher.start()) as started:
        yield started


@pytest.fixture(scope="module")
def open_database(postgres: throwaway_postgres.Cluster, migrated_template: str) -> Iterator[str]:
    url = postgres.create_database("interop_open", template=migrated_template)
    registration.migrate(url)
    registration.apply_scope(url, "tools.read", description="Look things up for you")
    registration.apply_scope(url, "tools.write", description="Change things for you")
    yield url
    postgres.drop_database("interop_open")


@pytest.fixture(
    scope="module",
    params=["offline_access,tools.read,tools.write", "tools.read,tools.write"],
    ids=["offline access", "no offline access"],
)
def open_server(
    request: pytest.FixtureRequest,
    open_database: str,
    resource: protected_resource.Resource,
    host: publisher.Publisher,
) -> Iterator[throwaway_server.Server]:
    """A server at which anybody may register, for that one resource.

    The SDKs ask for offline_access by themselves where it is promised.
    """
    made = throwaway_server.create(
        open_database,
        tls=True,
        DYNAMIC_REGISTRATION="open",
        DYNAMIC_CLIENT_SCOPES=request.param,
        DYNAMIC_CLIENT_AUDIENCES=resource.url,
        CLIENT_ID_METADATA_DOCUMENTS="true",
        OUTBOUND_ALLOWED_NETWORKS="127.0.0.1/32,::1/128",
        OUTBOUND_ALLOWED_PORTS=str(host.port),
        OUTBOUND_CA_FILE=str(host.authority),
    )
    with contextlib.closing(made) as running:
        resource.trust(running.issuer, running.tls_context())
        yield running


@pytest.fixture
def user(open_server: throwaway_server.Server) -> Iterator[Person]:
    with httpx.Client(verify=open_server.tls_context()) as http:
        yield Person(http, registration.EMAIL, registration.PASSWORD)


@pytest.fixture(params=["python", "node"])
def use(
    request: pytest.FixtureRequest,
    open_server: throwaway_server.Server,
    resource: protected_resource.Resource,
    user: Person,
) -> Use:
    """Let the SDK of a language use the resource as several clients."""
    ensure_installed, run = {
        "python": (python_program.ensure_installed, partial(python_program.run, "mcp_sdk")),
        "node": (node_program.ensure_installed, partial(node_program.run, "mcp-sdk")),
    }[request.param]
    ensure_installed()

    def answer(clients: dict[str, Any]) -> dict[str, Any]:
        return run(
            {"resource": resource.url, "clients": clients},
            authority=open_server.certificate_authority,
            visit=lambda url, home: user.visit(url, home=home),
        )

    return answer


@pytest.fixture
def published(host: publisher.Publisher, home: callback.Home) -> dict[str, Any]:
    """A client that is the document which it publishes."""
    document = {
        "client_id": f"{host.url}/mcp.json",
        "client_name": "Published client",
        "redirect_uris": [home.redirect_uri("published")],
        "grant_types": GRANTS,
        "token_endpoint_auth_method": "none",
    }
    url = host.publish("/mcp.json", json.dumps(document).encode())
    return {
        "home": home.redirect_uri("published"),
        "document": url,
        "posts": False,
        "metadata": {"token_endpoint_auth_method": "none"},
    }


def check(used: dict[str, Any], resource: protected_resource.Resource) -> None:
    """It got tokens for the resource and for reading only, and newer ones for the same person."""
    client_id = used["client"]["client_id"]
    for claims in (used["read"], used["again"]):
        assert claims["client_id"] == client_id
        assert set(claims["scope"].split()) - {"offline_access"} == {"tools.read"}
        assert claims["aud"] == resource.url
    assert used["read"]["jti"] != used["again"]["jti"]
    assert used["read"]["sub"] == used["again"]["sub"]
    assert used["rotated"]
    (asked,) = used["asked"]
    assert asked["resource"] == resource.url
    assert asked["code_challenge_method"] == "S256"


def test_an_sdk_registers_itself_by_every_method_and_reads_what_is_protected(
    use: Use, home: callback.Home, resource: protected_resource.Resource
) -> None:
    clients = {
        method: {
            "home": home.redirect_uri(method),
            "posts": False,
            "metadata": {"token_endpoint_auth_method": method, "grant_types": GRANTS},
        }
        for method in METHODS
    }
    used = use(clients)
    for method in METHODS:
        check(used[method], resource)
        assert used[method]["client"]["client_id"].startswith("dyn_")
        assert used[method]["client"]["token_endpoint_auth_method"] == method
    assert resource.refused == []


def test_an_sdk_is_the_document_that_it_publishes(
    use: Use, published: dict[str, Any], resource: protected_resource.Resource
) -> None:
    used = use({"published": published})["published"]
    check(used, resource)
    assert used["client"]["client_id"] == published["document"]
    assert resource.refused == []


@pytest.mark.parametrize("use", ["python"], indirect=True)
def test_an_sdk_asks_for_more_when_the_resource_wants_more(
    use: Use, published: dict[str, Any]
) -> None:
    used = use({"published": published | {"posts": True}})["published"]
    assert set(used["posted"]["scope"].split()) >= {"tools.read", "tools.write"}
    assert len(used["asked"]) == 2
