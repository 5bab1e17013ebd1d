"""JavaScript's clients at a server that wants requests pushed and tokens bound, with its nonces.

RFC 9126, RFC 9449 (nonces of section 8, and a public client's refresh tokens of section 5), and
RFC 8628; one of them proves itself by a key (RFC 7523).
"""

import contextlib
import json
from collections.abc import Callable, Iterator
from dataclasses import asdict
from typing import Any
from urllib.parse import urlsplit

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm
from tests.interop import callback, devices, node_program
from tests.interop.conftest import AUDIENCE, CODE, Application
from tests.interop.person import Person

from throwaway import registration, server as throwaway_server
from throwaway.signer import Signer


DEVICE = ("urn:ietf:params:oauth:grant-type:device_code", "refresh_token")
SCOPES = ("openid", "email")
Run = Callable[[str, dict[str, Any]], dict[str, Any]]


@pytest.fixture(scope="module")
def strict_server(interop_database: str) -> Iterator[throwaway_server.Server]:
    made = throwaway_server.create(
        interop_database,
        tls=True,
        PUSHED_AUTHORIZATION_REQUIRED="true",
        DPOP_NONCE_REQUIRED="true",
    )
    with contextlib.closing(made) as running:
        yield running


@pytest.fixture
def run(strict_server: throwaway_server.Server) -> Iterator[Run]:
    """Run a program as some applications, for a person at a browser."""
    node_program.ensure_installed()

    with httpx.Client(verify=strict_server.tls_context()) as http:
        person = Person(http, registration.EMAIL, registration.PASSWORD)

        def visit(url: str, home: str) -> str:
            if urlsplit(url).path == "/device":
                return f"{home}#{devices.connect(person, url)}"
            return person.visit(url, home=home)

        def answer(program: str, applications: dict[str, Any]) -> dict[str, Any]:
            return node_program.run(
                program,
                {"issuer": strict_server.issuer, **applications},
                authority=strict_server.certificate_authority,
                visit=visit,
            )

        yield answer


def applications(
    database_url: str, home: callback.Home, prefix: str, **web: Any
) -> dict[str, dict[str, Any]]:
    """A web application, one without a secret, and one without a browser; all are to be bound."""

    def register(name: str, grants: tuple[str, ...], **spec: Any) -> dict[str, Any]:
        client_id = f"{prefix}-{name}"
        uri = home.redirect_uri(client_id)
        client = registration.apply_client(
            database_url,
            client_id=client_id,
            grant_types=list(grants),
            redirect_uris=[uri] if grants == CODE else [],
            scopes=list(SCOPES),
            audiences=[AUDIENCE],
            dpop_bound=True,
            **spec,
        )
        return asdict(Application(client_id, client.secret, uri, " ".join(SCOPES)))

    registration.apply_scope(database_url, "openid", description="Know who you are")
    return {
        "web": register("web", CODE, **web),
        "native": register("native", CODE, auth_method="none"),
        "device": register("device", DEVICE, auth_method="none"),
    }


def check(used: dict[str, Any], client_id: str) -> None:
    """Tokens of one key, for the same person, renewed; a public client's are of no use without."""
    assert used["claims"]["aud"] == client_id
    assert used["person"]["sub"] == used["claims"]["sub"]
    assert used["person"]["email"] == registration.EMAIL
    tokens, refreshed = used["tokens"], used["refreshed"]
    assert tokens["token_type"].lower() == refreshed["token_type"].lower() == "dpop"
    assert refreshed["refresh_token"] != tokens["refresh_token"]
    bound = [
        jwt.decode(each["access_token"], options={"verify_signature": False})["cnf"]["jkt"]
        for each in (tokens, refreshed)
    ]
    assert bound[0] == bound[1]


def test_openid_client_pushes_binds_and_connects_devices(
    run: Run, interop_database: str, home: callback.Home
) -> None:
    got = run("openid-client-bound", applications(interop_database, home, "bound"))
    for name in ("web", "native", "device"):
        check(got[name], f"bound-{name}")
        assert got[name]["stolen"]["status"] == got[name]["bare"]["status"] == 401
    for name in ("web", "native"):
        assert got[name]["asked"] == ["client_id", "request_uri"]
    # Section 5: a confidential client is bound by its own secret, and may change its key.
    assert got["web"]["otherKey"] is None
    for name in ("native", "device"):
        assert got[name]["otherKey"]["error"] == "invalid_grant"


def test_oauth4webapi_pushes_binds_and_connects_devices_and_proves_itself_by_a_key(
    run: Run, interop_database: str, home: callback.Home
) -> None:
    signer = Signer.draw("ES256")
    keys = {"jwks": signer.jwks(), "secret_sha256": []}
    told = applications(interop_database, home, "keyed", auth_method="private_key_jwt", **keys)
    assert isinstance(signer.private, ec.EllipticCurvePrivateKey)
    told["web"]["private_jwk"] = json.loads(ECAlgorithm.to_jwk(signer.private)) | {
        "kid": signer.kid
    }
    got = run("oauth4webapi-bound", told)
    for name in ("web", "native", "device"):
        check(got[name], f"keyed-{name}")
    for name in ("web", "native"):
        assert got[name]["asked"] == ["client_id", "request_uri"]
    assert got["nonces"] >= 3
    assert got["web"]["otherKey"] is None
    for name in ("native", "device"):
        assert got[name]["otherKey"]["error"] == "invalid_grant"
