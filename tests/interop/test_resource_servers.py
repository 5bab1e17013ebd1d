"""examples/resource_server.py, run as it is printed: RFC 9728, RFC 9068, RFC 6750."""

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from tests.interop.conftest import SERVICE, Application, Register
from tests.server.http.possessing import proof

from throwaway import registration, server as throwaway_server
from throwaway.ports import free_port
from throwaway.signer import Signer


EXAMPLE = Path(__file__).parents[2] / "examples" / "resource_server.py"
RESOURCE = "https://api.example"
WELL_KNOWN = "/.well-known/oauth-protected-resource"


@pytest.fixture(scope="module")
def resource(server: throwaway_server.Server) -> Iterator[httpx.Client]:
    """The example, which trusts the server's issuer and nobody else."""
    port = free_port()
    with (
        subprocess.Popen(  # noqa: S603
            [sys.executable, EXAMPLE, server.issuer, RESOURCE, str(port)],
            env={"CA_FILE": str(server.certificate_authority)},
            stdout=subprocess.DEVNULL,
        ) as process,
        httpx.Client(base_url=f"http://127.0.0.1:{port}") as http,
    ):
        try:
            until_listening(http)
            yield http
        finally:
            process.kill()


def until_listening(http: httpx.Client) -> None:
    deadline = time.monotonic() + 90
    while True:
        try:
            http.get(WELL_KNOWN)
        except httpx.TransportError:
            assert time.monotonic() < deadline
            time.sleep(0.1)
        else:
            return


@pytest.fixture
def machine(register: Register) -> Application:
    return register("machine", grants=SERVICE)


@pytest.fixture
def elsewhere(interop_database: str) -> Application:
    """A machine with tokens for another resource."""
    other = "https://other.example"
    client = registration.apply_client(
        interop_database,
        client_id="elsewhere",
        grant_types=list(SERVICE),
        redirect_uris=[],
        scopes=["read"],
        audiences=[other],
    )
    return Application("elsewhere", client.secret, "", "read", other)


def token(
    server: throwaway_server.Server, machine: Application, signer: Signer | None = None, **form: str
) -> str:
    url = f"{server.issuer}/token"
    asked = {"grant_type": "client_credentials", "scope": "read", "resource": RESOURCE, **form}
    headers = {"DPoP": proof(signer, htu=url)} if signer else {}
    with httpx.Client(verify=server.tls_context()) as http:
        pair = machine.client_id, machine.client_secret
        answer = http.post(url, data=asked, auth=pair, headers=headers)
    return str(answer.json()["access_token"])


def ask(resource: httpx.Client, token: str, method: str = "GET") -> httpx.Response:
    return resource.request(method, "/", headers={"Authorization": f"Bearer {token}"})


def test_a_resource_names_its_authorization_server_to_anybody(
    resource: httpx.Client, server: throwaway_server.Server
) -> None:
    assert resource.get(WELL_KNOWN).json() == {
        "resource": RESOURCE,
        "authorization_servers": [server.issuer],
        "scopes_supported": ["read", "write"],
        "bearer_methods_supported": ["header"],
    }


def test_who_brings_no_token_learns_where_to_get_one(resource: httpx.Client) -> None:
    refused = resource.get("/")
    assert refused.status_code == 401
    assert refused.headers["WWW-Authenticate"] == (
        f'Bearer resource_metadata="{RESOURCE}{WELL_KNOWN}"'
    )


def test_a_token_for_the_resource_is_taken(
    resource: httpx.Client, server: throwaway_server.Server, machine: Application
) -> None:
    answer = ask(resource, token(server, machine))
    assert answer.status_code == 200
    assert answer.json()["by"] == machine.client_id


def test_a_token_that_does_not_cover_the_method_is_not_enough(
    resource: httpx.Client, server: throwaway_server.Server, machine: Application
) -> None:
    refused = ask(resource, token(server, machine), "POST")
    assert refused.status_code == 403
    assert 'error="insufficient_scope", scope="read write"' in refused.headers["WWW-Authenticate"]


def test_what_is_no_token_for_the_resource_is_refused(
    resource: httpx.Client,
    server: throwaway_server.Server,
    machine: Application,
    elsewhere: Application,
) -> None:
    good = token(server, machine)
    head, claims, signature = good.split(".")
    foreign = token(server, elsewhere, resource=elsewhere.audience)
    bound = token(server, machine, Signer.draw())
    forged = [f"{head}.{claims}.{tail}" for tail in ("", signature[::-1])]
    for bad in ("x", "a.b.c", *forged, foreign, bound):
        refused = ask(resource, bad)
        assert refused.status_code == 401, bad
        assert 'error="invalid_token"' in refused.headers["WWW-Authenticate"]
