"""go-oidc and golang.org/x/oauth2, which most programs in Go sign people in with."""

from dataclasses import asdict
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from tests.interop import callback, devices, go_program
from tests.interop.conftest import CODE, Application
from tests.interop.person import Person

from throwaway import registration, server as throwaway_server


DEVICE = ("urn:ietf:params:oauth:grant-type:device_code", "refresh_token")
SCOPES = ("openid", "email")


@pytest.fixture(scope="module")
def program() -> Path:
    return go_program.build()


@pytest.fixture(scope="module")
def applications(interop_database: str, home: callback.Home) -> dict[str, Application]:
    """A web application, one without a secret, and one without a browser."""
    registration.apply_scope(interop_database, "openid", description="Know who you are")

    def register(client_id: str, method: str, grants: tuple[str, ...]) -> Application:
        redirect_uri = home.redirect_uri(client_id)
        client = registration.apply_client(
            interop_database,
            client_id=client_id,
            auth_method=method,
            grant_types=list(grants),
            redirect_uris=[redirect_uri] if grants == CODE else [],
            scopes=list(SCOPES),
        )
        return Application(client_id, client.secret, redirect_uri, " ".join(SCOPES))

    return {
        "web": register("go-web", "client_secret_basic", CODE),
        "native": register("go-native", "none", CODE),
        "device": register("go-device", "none", DEVICE),
    }


@pytest.fixture
def got(
    program: Path,
    applications: dict[str, Application],
    server: throwaway_server.Server,
    person: Person,
) -> dict[str, Any]:
    """What the program reports, and the authorization requests that its browser was sent to."""
    opened: list[str] = []

    def visit(url: str, home: str) -> str:
        opened.append(url)
        if urlsplit(url).path == "/device":
            return f"{home}#{devices.connect(person, url)}"
        return person.visit(url, home=home)

    told = {name: asdict(application) for name, application in applications.items()}
    configuration = {"issuer": server.issuer, **told}
    authority = server.certificate_authority
    result = go_program.run(program, configuration, authority=authority, visit=visit)
    return result | {"opened": opened}


def test_go_signs_people_in_for_every_kind_of_application(
    got: dict[str, Any], server: throwaway_server.Server, person: Person
) -> None:
    clients = {"web": "go-web", "native": "go-native", "pushed": "go-web", "device": "go-device"}
    for name, client_id in clients.items():
        used = got[name]
        for claims in (used["claims"], used["refreshed"]):
            assert (claims["iss"], claims["aud"]) == (server.issuer, client_id)
            assert claims["sub"] == got["web"]["claims"]["sub"]
        assert used["refreshed"]["auth_time"] == used["claims"]["auth_time"]
        assert used["email"] == person.username
        assert used["rotated"]
        assert "expected audience" in used["wrong_client"]
        assert used["other_nonce"] is (name == "device")  # which cannot send one
    for name in ("web", "native"):
        assert got[name]["wrong_proof"] == "invalid_grant"
        assert got[name]["second_use"] == "invalid_grant"
    (pushed,) = (url for url in got["opened"] if "request_uri=" in url)
    assert parse_qs(urlsplit(pushed).query).keys() == {"client_id", "request_uri"}
    assert urlsplit(got["opened"][0]).path == "/device"
    assert got["user_code"] in got["opened"][0]
