"""Authlib's OAuth client and joserfc, its library for JWTs, against the real server."""

import asyncio
import ssl
import time
import warnings
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from authlib.common.security import generate_token  # type: ignore[import-untyped]
from authlib.oauth2.rfc6749.errors import (  # type: ignore[import-untyped]
    MismatchingStateException,
)
from authlib.oauth2.rfc8414 import (  # type: ignore[import-untyped]
    AuthorizationServerMetadata,
    get_well_known_url,
)
from joserfc import jwt
from joserfc.jwk import KeySet
from tests.interop.conftest import AUDIENCE, SERVICE, Application, Register
from tests.interop.person import Person

from throwaway import server as throwaway_server


with warnings.catch_warnings():
    # Authlib would rather have httpx2, the successor of httpx.
    warnings.simplefilter("ignore", DeprecationWarning)
    from authlib.integrations.httpx_client import (  # type: ignore[import-untyped]
        AsyncOAuth2Client,
        OAuth2Client,
        OAuthError,
    )


@pytest.fixture(scope="module")
def metadata(server: throwaway_server.Server, trust: ssl.SSLContext) -> AuthorizationServerMetadata:
    """Found from the issuer alone, as Authlib looks for it."""
    url = get_well_known_url(server.issuer, external=True)
    with OAuth2Client(verify=trust) as http:
        return AuthorizationServerMetadata(http.request("GET", url, withhold_token=True).json())


Open = Callable[..., Any]


@pytest.fixture
def client(metadata: AuthorizationServerMetadata, trust: ssl.SSLContext) -> Iterator[Open]:
    """Authlib's client for an application."""
    opened = []

    def make(application: Application, method: str = "client_secret_basic") -> Any:
        session = OAuth2Client(
            application.client_id,
            application.client_secret,
            token_endpoint_auth_method=method,
            revocation_endpoint_auth_method=method,
            scope=application.scope,
            redirect_uri=application.redirect_uri,
            token_endpoint=metadata["token_endpoint"],
            code_challenge_method="S256",
            verify=trust,
        )
        opened.append(session)
        return session

    yield make
    for session in opened:
        session.close()


@pytest.fixture
def key_set(metadata: AuthorizationServerMetadata, client: Open, register: Register) -> KeySet:
    """The issuer's public keys."""
    found = client(register("keys")).request("GET", metadata["jwks_uri"], withhold_token=True)
    return KeySet.import_key_set(found.json())


def sign_in(client: Any, metadata: AuthorizationServerMetadata, person: Person) -> dict[str, Any]:
    """The authorization code flow with PKCE, up to the tokens."""
    verifier = generate_token(64)
    url, state = client.create_authorization_url(
        metadata["authorization_endpoint"], code_verifier=verifier
    )
    arrived = person.visit(url, home=client.redirect_uri)
    assert parse_qs(urlsplit(arrived).query)["iss"] == [metadata["issuer"]]
    token: dict[str, Any] = client.fetch_token(
        authorization_response=arrived, state=state, code_verifier=verifier
    )
    return token


def test_the_metadata_are_valid_and_name_their_issuer(
    metadata: AuthorizationServerMetadata, server: throwaway_server.Server
) -> None:
    metadata.validate()
    assert metadata["issuer"] == server.issuer


def test_a_person_signs_in_and_the_client_reads_who_it_is(
    metadata: AuthorizationServerMetadata, client: Open, register: Register, person: Person
) -> None:
    session = client(register("web"))
    token = sign_in(session, metadata, person)
    assert (token["token_type"], token["expires_in"]) == ("Bearer", 1800)
    assert set(token["scope"].split()) == {"read", "profile", "email"}
    told = session.get(metadata["userinfo_endpoint"]).json()
    assert told["email"] == told["preferred_username"] == person.username
    assert told["email_verified"] is True


def test_the_access_token_is_signed_with_a_published_key(
    metadata: AuthorizationServerMetadata,
    client: Open,
    register: Register,
    person: Person,
    key_set: KeySet,
) -> None:
    session = client(register("web"))
    token = sign_in(session, metadata, person)
    read = jwt.decode(token["access_token"], key_set, algorithms=["ES256"])
    assert read.header["typ"] == "at+jwt"
    jwt.JWTClaimsRegistry(
        iss={"essential": True, "value": metadata["issuer"]},
        aud={"essential": True, "value": AUDIENCE},
        exp={"essential": True},
        client_id={"essential": True, "value": session.client_id},
    ).validate(read.claims)
    told = session.get(metadata["userinfo_endpoint"]).json()
    assert read.claims["sub"] == told["sub"]
    assert read.claims["exp"] - read.claims["iat"] == 1800


def test_a_response_with_another_state_is_not_accepted_by_the_client(
    metadata: AuthorizationServerMetadata, client: Open, register: Register, person: Person
) -> None:
    session = client(register("web"))
    url, state = session.create_authorization_url(
        metadata["authorization_endpoint"], code_verifier=generate_token(64)
    )
    arrived = person.visit(url, home=session.redirect_uri)
    assert parse_qs(urlsplit(arrived).query)["state"] == [state]
    with pytest.raises(MismatchingStateException):
        session.fetch_token(authorization_response=arrived, state="another")


def test_a_person_who_denies_is_reported_to_the_client(
    metadata: AuthorizationServerMetadata, client: Open, register: Register, person: Person
) -> None:
    session = client(register("web"))
    url, state = session.create_authorization_url(
        metadata["authorization_endpoint"], code_verifier=generate_token(64)
    )
    arrived = person.visit(url, home=session.redirect_uri, decision="deny")
    told = parse_qs(urlsplit(arrived).query)
    assert told["error"] == ["access_denied"]
    assert (told["state"], told["iss"]) == ([state], [metadata["issuer"]])


def test_an_expired_access_token_is_refreshed_without_the_person(
    metadata: AuthorizationServerMetadata, client: Open, register: Register, person: Person
) -> None:
    session = client(register("web"))
    first = dict(sign_in(session, metadata, person))
    session.token = first | {"expires_at": int(time.time()) - 1}
    told = session.get(metadata["userinfo_endpoint"]).json()
    assert told["email"] == person.username
    assert session.token["refresh_token"] != first["refresh_token"]
    assert session.token["access_token"] != first["access_token"]


def test_a_refresh_token_of_two_generations_ago_ends_the_grant(
    metadata: AuthorizationServerMetadata, client: Open, register: Register, person: Person
) -> None:
    session = client(register("web"))
    first = sign_in(session, metadata, person)["refresh_token"]
    session.refresh_token()
    latest = session.refresh_token()["refresh_token"]
    for token in (first, latest):
        with pytest.raises(OAuthError, match="invalid_grant"):
            session.refresh_token(refresh_token=token)


def replica(session: Any, trust: ssl.SSLContext, token: dict[str, Any], **more: Any) -> Any:
    """Another process of the same client, asynchronous, with the tokens of the first."""
    return AsyncOAuth2Client(
        session.client_id,
        session.client_secret,
        token=token,
        token_endpoint=session.metadata["token_endpoint"],
        verify=trust,
        **more,
    )


async def test_many_requests_with_an_expired_token_refresh_it_once(
    metadata: AuthorizationServerMetadata,
    client: Open,
    register: Register,
    person: Person,
    trust: ssl.SSLContext,
) -> None:
    session = client(register("web"))
    token = dict(sign_in(session, metadata, person)) | {"expires_at": int(time.time()) - 1}
    refreshed = []

    async def keep(token: dict[str, Any], refresh_token: str) -> None:
        refreshed.append((token, refresh_token))

    async with replica(session, trust, token, update_token=keep) as busy:
        answers = await asyncio.gather(
            *(busy.get(metadata["userinfo_endpoint"]) for _ in range(10))
        )
    assert {answer.json()["email"] for answer in answers} == {person.username}
    assert len(refreshed) == 1


async def test_two_replicas_that_refresh_at_once_both_go_on(
    metadata: AuthorizationServerMetadata,
    client: Open,
    register: Register,
    person: Person,
    trust: ssl.SSLContext,
) -> None:
    session = client(register("web"))
    token = dict(sign_in(session, metadata, person))
    async with replica(session, trust, token) as one, replica(session, trust, token) as other:
        got = await asyncio.gather(one.refresh_token(), other.refresh_token())
        assert got[0]["refresh_token"] == got[1]["refresh_token"] != token["refresh_token"]
        for each in (one, other):
            told = await each.get(metadata["userinfo_endpoint"])
            assert told.json()["email"] == person.username


def test_introspection_tells_what_a_token_is_worth_until_it_is_revoked(
    metadata: AuthorizationServerMetadata, client: Open, register: Register, person: Person
) -> None:
    session = client(register("web"))
    token = sign_in(session, metadata, person)["access_token"]
    endpoint = metadata["introspection_endpoint"]
    told = session.introspect_token(endpoint, token=token, token_type_hint="access_token").json()
    assert told["active"] is True
    assert (told["iss"], told["aud"]) == (metadata["issuer"], AUDIENCE)
    assert told["client_id"] == session.client_id
    revoked = session.revoke_token(metadata["revocation_endpoint"], token=token)
    assert revoked.status_code == 200
    assert session.introspect_token(endpoint, token=token).json() == {"active": False}


def test_revoking_a_refresh_token_revokes_what_came_from_it(
    metadata: AuthorizationServerMetadata, client: Open, register: Register, person: Person
) -> None:
    session = client(register("web"))
    token = sign_in(session, metadata, person)
    session.revoke_token(metadata["revocation_endpoint"], token=token["refresh_token"])
    endpoint = metadata["introspection_endpoint"]
    told = session.introspect_token(endpoint, token=token["access_token"]).json()
    assert told == {"active": False}
    with pytest.raises(OAuthError, match="invalid_grant"):
        session.refresh_token(refresh_token=token["refresh_token"])


def test_a_public_client_needs_nothing_but_its_proof_key(
    metadata: AuthorizationServerMetadata, client: Open, register: Register, person: Person
) -> None:
    session = client(register("native", "none"), "none")
    first = sign_in(session, metadata, person)["refresh_token"]
    assert session.refresh_token()["refresh_token"] != first
    assert session.get(metadata["userinfo_endpoint"]).status_code == 200
    assert session.revoke_token(metadata["revocation_endpoint"]).status_code == 200
    with pytest.raises(OAuthError, match="invalid_grant"):
        session.refresh_token()


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post"])
def test_a_service_gets_a_token_for_itself(
    metadata: AuthorizationServerMetadata,
    client: Open,
    register: Register,
    key_set: KeySet,
    method: str,
) -> None:
    service = register("service", method, grants=SERVICE)
    token = client(service, method).fetch_token(scope="read")
    assert "refresh_token" not in token
    read = jwt.decode(token["access_token"], key_set, algorithms=["ES256"])
    assert read.claims["sub"] == read.claims["client_id"] == service.client_id
    assert (read.claims["iss"], read.claims["aud"]) == (metadata["issuer"], AUDIENCE)
    assert read.claims["scope"] == token["scope"] == "read"


def test_a_wrong_secret_is_an_oauth_error(client: Open, register: Register) -> None:
    service = register("service", grants=SERVICE)
    session = client(service)
    session.client_secret = "wrong"
    with pytest.raises(OAuthError, match="invalid_client"):
        session.fetch_token(scope="read")
