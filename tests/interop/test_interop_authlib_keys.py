"""Authlib's client with a key instead of a secret, with pushed requests, and on a device."""

import ssl
import warnings
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from authlib.common.security import generate_token  # type: ignore[import-untyped]
from authlib.oauth2.rfc7523 import PrivateKeyJWT  # type: ignore[import-untyped]
from cryptography.hazmat.primitives import serialization
from tests.interop import callback, devices
from tests.interop.conftest import CODE
from tests.interop.person import Person

from throwaway import registration, server as throwaway_server
from throwaway.signer import Signer


with warnings.catch_warnings():
    # Authlib would rather have httpx2, the successor of httpx.
    warnings.simplefilter("ignore", DeprecationWarning)
    from authlib.integrations.httpx_client import (  # type: ignore[import-untyped]
        OAuth2Client,
        OAuthError,
    )


DEVICE = "urn:ietf:params:oauth:grant-type:device_code"


@pytest.fixture(scope="module")
def metadata(server: throwaway_server.Server, trust: ssl.SSLContext) -> dict[str, Any]:
    url = f"{server.issuer}/.well-known/oauth-authorization-server"
    found: dict[str, Any] = httpx.get(url, verify=trust).json()
    return found


@pytest.fixture
def keyed(
    interop_database: str, home: callback.Home, metadata: dict[str, Any], trust: ssl.SSLContext
) -> Iterator[Any]:
    """A client that proves itself by a key (RFC 7523), as Authlib does by a PEM document."""
    signer = Signer.draw("RS256")
    client = registration.apply_client(
        interop_database,
        client_id="authlib-keyed",
        auth_method="private_key_jwt",
        secret_sha256=[],
        jwks=signer.jwks(),
        grant_types=[*CODE, "client_credentials"],
        redirect_uris=[home.redirect_uri("authlib-keyed")],
    )
    pem = signer.private.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    with OAuth2Client(
        client.client_id,
        pem,
        token_endpoint_auth_method="private_key_jwt",  # a method's name, no secret
        scope="read profile",
        redirect_uri=client.redirect_uri,
        token_endpoint=metadata["token_endpoint"],
        code_challenge_method="S256",
        verify=trust,
    ) as session:
        session.register_client_auth_method(
            PrivateKeyJWT(metadata["token_endpoint"], headers={"kid": signer.kid})
        )
        yield session


def test_a_client_with_a_key_gets_a_token_for_itself(keyed: Any) -> None:
    token = keyed.fetch_token(grant_type="client_credentials", scope="read")
    assert (token["scope"], token["token_type"]) == ("read", "Bearer")


def test_a_client_with_a_key_pushes_signs_in_and_refreshes(
    keyed: Any, metadata: dict[str, Any], person: Person
) -> None:
    """RFC 9126, with what Authlib would have put into the address."""
    verifier = generate_token(64)
    endpoint = metadata["authorization_endpoint"]
    url, state = keyed.create_authorization_url(endpoint, code_verifier=verifier)
    asked = dict(httpx.URL(url).params)
    pushed = keyed.request(
        "POST",
        metadata["pushed_authorization_request_endpoint"],
        data=asked,
        withhold_token=True,
        auth=keyed.client_auth("private_key_jwt"),
    )
    assert pushed.status_code == 201, pushed.text
    short = {"client_id": keyed.client_id, "request_uri": pushed.json()["request_uri"]}
    arrived = person.visit(str(httpx.URL(endpoint, params=short)), home=keyed.redirect_uri)
    token = keyed.fetch_token(authorization_response=arrived, state=state, code_verifier=verifier)
    told = keyed.get(metadata["userinfo_endpoint"]).json()
    assert told["preferred_username"] == person.username
    assert keyed.refresh_token()["refresh_token"] != token["refresh_token"]


def test_a_device_gets_tokens_once_somebody_has_let_it_in(
    interop_database: str, metadata: dict[str, Any], person: Person, trust: ssl.SSLContext
) -> None:
    """RFC 8628."""
    client = registration.apply_client(
        interop_database,
        client_id="authlib-device",
        auth_method="none",
        grant_types=[DEVICE, "refresh_token"],
        redirect_uris=[],
    )
    with OAuth2Client(
        client.client_id,
        token_endpoint_auth_method="none",  # a method's name, no secret
        token_endpoint=metadata["token_endpoint"],
        verify=trust,
    ) as session:
        begun = session.request(
            "POST",
            metadata["device_authorization_endpoint"],
            data={"client_id": client.client_id, "scope": "read profile"},
            withhold_token=True,
        ).json()
        asked = {"grant_type": DEVICE, "device_code": begun["device_code"]}
        with pytest.raises(OAuthError, match="authorization_pending"):
            session.fetch_token(**asked)
        assert devices.connect(person, begun["verification_uri_complete"]) == begun["user_code"]
        token = session.fetch_token(**asked)
        told = session.get(metadata["userinfo_endpoint"]).json()
        assert told["preferred_username"] == person.username
        assert session.refresh_token()["refresh_token"] != token["refresh_token"]
