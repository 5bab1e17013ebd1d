"""OpenID Connect by clients that others wrote, which check every ID token for themselves."""

import ssl
import time
import warnings
from collections.abc import Callable
from dataclasses import asdict
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from authlib.common.security import generate_token  # type: ignore[import-untyped]
from authlib.oidc.core import CodeIDToken  # type: ignore[import-untyped]
from authlib.oidc.discovery import (  # type: ignore[import-untyped]
    OpenIDProviderMetadata,
    get_well_known_url,
)
from joserfc import jwt
from joserfc.jwk import KeySet
from tests.interop import callback, node_program
from tests.interop.conftest import AUDIENCE, CODE, Application
from tests.interop.person import Person

from throwaway import registration, server as throwaway_server


with warnings.catch_warnings():
    # Authlib would rather have httpx2, the successor of httpx.
    warnings.simplefilter("ignore", DeprecationWarning)
    from authlib.integrations.httpx_client import OAuth2Client  # type: ignore[import-untyped]


SCOPES = ("openid", "profile", "email")
Register = Callable[..., Application]


@pytest.fixture(scope="session")
def relying_party(interop_database: str, home: callback.Home) -> Register:
    """Register a client that signs people in."""
    registration.apply_scope(interop_database, "openid", description="Know who you are")

    def make(name: str, **spec: Any) -> Application:
        client = registration.apply_client(
            interop_database,
            client_id=name,
            grant_types=list(CODE),
            redirect_uris=[home.redirect_uri(name)],
            post_logout_redirect_uris=[f"https://{name}.example/goodbye"],
            scopes=list(SCOPES),
            audiences=[AUDIENCE],
            **spec,
        )
        scope = " ".join(SCOPES)
        return Application(name, client.secret, client.redirect_uri, scope)

    return make


@pytest.fixture(scope="module")
def metadata(server: throwaway_server.Server, trust: ssl.SSLContext) -> OpenIDProviderMetadata:
    """Found from the issuer alone, as OpenID Connect Discovery has it."""
    url = get_well_known_url(server.issuer, external=True)
    return OpenIDProviderMetadata(httpx.get(url, verify=trust).json())


@pytest.fixture(scope="module")
def key_set(metadata: OpenIDProviderMetadata, trust: ssl.SSLContext) -> KeySet:
    return KeySet.import_key_set(httpx.get(metadata["jwks_uri"], verify=trust).json())


def check(
    id_token: str, keys: KeySet, metadata: OpenIDProviderMetadata, **expected: object
) -> dict[str, Any]:
    """What Authlib says of an ID token; `expected` are its parameters of the request."""
    token = jwt.decode(id_token, keys, algorithms=["RS256"])
    options = {"iss": {"essential": True, "value": metadata["issuer"]}}
    claims = CodeIDToken(token.claims, token.header, options, expected)
    claims.validate(now=int(time.time()), leeway=0)
    return dict(claims)


def test_the_discovery_document_is_valid(metadata: OpenIDProviderMetadata) -> None:
    metadata.validate()


def test_authlib_signs_a_person_in_and_validates_the_id_token(
    metadata: OpenIDProviderMetadata,
    key_set: KeySet,
    relying_party: Register,
    person: Person,
    trust: ssl.SSLContext,
) -> None:
    application = relying_party("authlib-party")
    nonce, verifier = generate_token(), generate_token(64)
    with OAuth2Client(
        application.client_id,
        application.client_secret,
        scope=application.scope,
        redirect_uri=application.redirect_uri,
        token_endpoint=metadata["token_endpoint"],
        code_challenge_method="S256",
        verify=trust,
    ) as client:
        url, state = client.create_authorization_url(
            metadata["authorization_endpoint"], code_verifier=verifier, nonce=nonce, max_age=600
        )
        arrived = person.visit(url, home=application.redirect_uri)
        token = client.fetch_token(
            authorization_response=arrived, state=state, code_verifier=verifier
        )
        expected = {"client_id": application.client_id, "access_token": token["access_token"]}
        claims = check(token["id_token"], key_set, metadata, nonce=nonce, max_age=600, **expected)
        told = client.get(metadata["userinfo_endpoint"]).json()
        assert told["sub"] == claims["sub"]
        assert told["email"] == told["preferred_username"] == person.username
        fresh = client.refresh_token(metadata["token_endpoint"])
        expected["access_token"] = fresh["access_token"]
        again = check(fresh["id_token"], key_set, metadata, **expected)
    assert (again["sub"], again["auth_time"]) == (claims["sub"], claims["auth_time"])


@pytest.fixture(scope="module")
def installed() -> None:
    node_program.ensure_installed()


@pytest.fixture
def got(
    server: throwaway_server.Server, relying_party: Register, person: Person, installed: None
) -> dict[str, Any]:
    """What openid-client reports, as one client with the defaults and one with none of them."""
    applications = {
        "web": asdict(relying_party("plain-party")),
        "signed": asdict(
            relying_party(
                "signed-party",
                id_token_signed_response_alg="ES256",
                userinfo_signed_response_alg="ES256",
            )
        ),
    }
    algorithms = {
        "id_token_signed_response_alg": "ES256",
        "userinfo_signed_response_alg": "ES256",
    }
    applications["signed"] |= algorithms
    for application in applications.values():
        application["goodbye"] = f"https://{application['client_id']}.example/goodbye"
    return node_program.run(
        "openid-connect",
        {"issuer": server.issuer, **applications},
        authority=server.certificate_authority,
        visit=lambda url, home: person.visit(url, home=home),
    )


def test_openid_client_validates_id_tokens_userinfo_and_hints(
    got: dict[str, Any], server: throwaway_server.Server, person: Person
) -> None:
    for name, client_id in (("web", "plain-party"), ("signed", "signed-party")):
        party = got[name]
        claims = party["claims"]
        assert party["metadata"]["issuer"] == claims["iss"] == server.issuer
        assert claims["aud"] == client_id
        assert party["person"]["sub"] == claims["sub"]
        assert party["person"]["email"] == person.username
        assert party["refreshed"]["auth_time"] == claims["auth_time"]
        assert party["silent"]["sid"] == claims["sid"]
    assert got["forbidden"]["otherNonce"]["code"] == "OAUTH_JWT_CLAIM_COMPARISON_FAILED"
    assert got["forbidden"]["otherState"]["code"] == "OAUTH_INVALID_RESPONSE"


def test_openid_client_signs_the_person_out(got: dict[str, Any], person: Person) -> None:
    answer = person.http.get(got["signed"]["goodbye"])
    assert answer.status_code == 303
    location = urlsplit(answer.headers["Location"])
    assert location._replace(query="").geturl() == "https://signed-party.example/goodbye"
    assert parse_qs(location.query) == {"state": ["the end"]}
    again = person.http.get(got["web"]["goodbye"])
    assert again.headers["Location"].startswith("https://plain-party.example/goodbye")
