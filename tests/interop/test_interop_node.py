"""openid-client and oauth4webapi, certified libraries for JavaScript, against the real server."""

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import pytest
from tests.interop import node_program
from tests.interop.conftest import AUDIENCE, SERVICE, Application, Register
from tests.interop.person import Person

from throwaway import registration, server as throwaway_server


# What the libraries themselves say to an answer that is not from the server they asked.
NOT_FROM_HERE = {"otherIssuer", "noIssuer", "otherState"}
Run = Callable[[str], dict[str, Any]]


@pytest.fixture(scope="session")
def installed_packages() -> None:
    """The libraries of the lock file."""
    node_program.ensure_installed()


@pytest.fixture
def applications(register: Register) -> dict[str, Application]:
    """A web application, one without a secret, and two services."""
    return {
        "web": register("web"),
        "public": register("native", "none"),
        "basic": register("service", "client_secret_basic", grants=SERVICE),
        "post": register("service", "client_secret_post", grants=SERVICE),
    }


@pytest.fixture
def run(
    server: throwaway_server.Server,
    applications: dict[str, Application],
    person: Person,
    installed_packages: None,
) -> Run:
    """Run a program as all of the applications; a person signs in and consents."""

    def answer(program: str) -> dict[str, Any]:
        told = {name: asdict(application) for name, application in applications.items()}
        return node_program.run(
            program,
            {"issuer": server.issuer, **told},
            authority=server.certificate_authority,
            visit=lambda url, home: person.visit(url, home=home),
        )

    return answer


def scopes(tokens: dict[str, Any]) -> set[str]:
    return set(tokens["scope"].split())


def test_openid_client_completes_every_flow(
    run: Run, applications: dict[str, Application], server: throwaway_server.Server
) -> None:
    got = run("openid-client")
    web = got["web"]
    assert web["metadata"]["issuer"] == server.issuer
    assert web["supportsPKCE"] is True
    assert scopes(web["tokens"]) == scopes(web["refreshed"]) == {"read", "profile", "email"}
    assert web["introspected"]["client_id"] == applications["web"].client_id
    assert web["introspected"]["active"] is True
    assert web["person"]["sub"] == web["introspected"]["sub"]
    assert web["person"]["email"] == registration.EMAIL
    assert web["refreshed"]["refresh_token"] != web["tokens"]["refresh_token"]
    assert web["afterRevocation"]["introspected"] == {"active": False}
    assert web["afterRevocation"]["refresh"]["error"] == "invalid_grant"
    public = got["public"]
    assert public["refreshed"]["refresh_token"] != public["tokens"]["refresh_token"]
    for way in ("basic", "post"):
        assert got[way]["scope"] == "read"
        assert "refresh_token" not in got[way]


def test_openid_client_tells_mixed_up_servers_apart(run: Run) -> None:
    refused = run("openid-client")["web"]["refused"]
    assert refused.keys() == NOT_FROM_HERE
    assert {failure["code"] for failure in refused.values()} == {"OAUTH_INVALID_RESPONSE"}


def test_oauth4webapi_completes_every_flow(
    run: Run, applications: dict[str, Application], server: throwaway_server.Server
) -> None:
    got = run("oauth4webapi")
    assert got["metadata"] == got["openidMetadata"]
    assert got["metadata"]["issuer"] == server.issuer
    web = got["web"]
    assert web["refused"].keys() == NOT_FROM_HERE
    assert {failure["code"] for failure in web["refused"].values()} == {"OAUTH_INVALID_RESPONSE"}
    assert web["person"]["sub"] == web["validated"]["sub"] == web["introspected"]["sub"]
    assert web["validated"]["jti"] == web["introspected"]["jti"]
    assert web["refreshed"]["refresh_token"] != web["tokens"]["refresh_token"]
    assert web["revoked"] == {"active": False}
    public = got["public"]
    assert public["refreshed"]["refresh_token"] != public["tokens"]["refresh_token"]


def test_oauth4webapi_as_a_resource_server_accepts_the_access_tokens(
    run: Run, applications: dict[str, Application]
) -> None:
    got = run("oauth4webapi")
    for name, validated in (
        ("web", got["web"]["validated"]),
        ("basic", got["basic"]["validated"]),
        ("post", got["post"]["validated"]),
    ):
        assert validated["client_id"] == applications[name].client_id
        assert validated["aud"] == AUDIENCE
    assert got["basic"]["validated"]["sub"] == applications["basic"].client_id


def test_a_code_used_twice_costs_the_client_its_refresh_token(run: Run) -> None:
    used = run("oauth4webapi")["web"]["secondUse"]
    assert used["code"]["error"] == used["refresh"]["error"] == "invalid_grant"
