"""What a client says of itself becomes a client within its terms, or is refused; no other end."""

import contextlib
import dataclasses
from typing import Any
from uuid import UUID

import orjson
import pytest
from hypothesis import given, strategies as st

from authly_server.clients import client_metadata, metadata_document
from authly_server.clients.client_metadata import Identity, Terms
from authly_server.clients.registration_limits import HOUR, RegistrationLimits
from authly_server.model.client import AuthMethod, Client, ClientOrigin
from authly_server.protocol.errors import OAuthError


TERMS = Terms(frozenset({"read", "profile"}), ("https://api.example",), tuple(AuthMethod))
IDENTITY = Identity(UUID(int=1), "dyn_1", ClientOrigin.DYNAMIC)
RIGHT: dict[str, Any] = {"redirect_uris": ["https://client.example/callback"]}
NAMES = [
    "redirect_uris", "client_name", "scope", "grant_types", "response_types", "jwks", "jwks_uri",
    "token_endpoint_auth_method", "contacts", "client_uri", "logo_uri", "default_max_age",
    "dpop_bound_access_tokens", "post_logout_redirect_uris", "software_statement",
    "id_token_signed_response_alg", "backchannel_logout_uri",
]  # fmt: skip
values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text()
    | st.sampled_from(["none", "read", "code", "https://a.example/", "RS256", "refresh_token"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


def parse(**members: object) -> Client:
    return client_metadata.parse(RIGHT | members, IDENTITY, TERMS)


@given(st.dictionaries(st.sampled_from(NAMES) | st.text(), values))
def test_any_object_is_a_client_within_its_terms_or_is_refused(members: dict[str, Any]) -> None:
    for given_members in (members, RIGHT | members):
        with contextlib.suppress(OAuthError):
            found = client_metadata.parse(given_members, IDENTITY, TERMS)
            check(found)


def check(found: Client) -> None:
    assert found.client_id == "dyn_1"
    assert found.scopes <= TERMS.scopes
    assert found.audiences == TERMS.audiences
    assert "client_credentials" not in found.grant_types
    assert found.require_pkce
    assert found.redirect_uris


@given(st.dictionaries(st.sampled_from(NAMES), values))
def test_what_is_told_of_a_client_describes_the_same_client(members: dict[str, Any]) -> None:
    try:
        found = parse(**members)
    except OAuthError:
        return
    told = client_metadata.members_of(found)
    assert client_metadata.parse(told, IDENTITY, TERMS) == found


@given(st.text())
def test_any_name_is_one_line_that_nothing_turns_around(name: str) -> None:
    try:
        found = parse(client_name=name).display_name
    except OAuthError:
        return
    assert found == found.strip()
    assert found.isprintable()
    assert not set(found) & set("\u202e\u2066\u200b\u2028\r\n")


@given(st.binary() | values.map(lambda value: str(value).encode("utf-8", "replace")))
def test_any_bytes_are_an_object_that_can_be_stored_or_are_refused(content: bytes) -> None:
    try:
        found = metadata_document.read_object(content)
    except OAuthError:
        return
    assert b"\\u0000" not in orjson.dumps(found)


@given(st.text() | st.text("https:/@#?[].%2eclient").map(lambda end: "https://" + end))
def test_any_text_is_the_url_of_a_document_or_is_not(client_id: str) -> None:
    if metadata_document.is_client_id(client_id):
        assert client_id.startswith("https://")
        assert not set(client_id) & set("# \\")
        assert "/../" not in client_id
        host = metadata_document.host(client_id)
        assert host
        assert not set(host) & set("@/?")


@pytest.mark.parametrize(
    "client_id",
    ["https://a.example/", "https://a.example/c.json", "https://a.example:8443/c?v=1"],
)
def test_an_https_url_with_a_path_may_be_a_client(client_id: str) -> None:
    assert metadata_document.is_client_id(client_id)


def test_two_documents_are_two_rows_on_every_replica() -> None:
    def row(client_id: str) -> Client:
        content = orjson.dumps(RIGHT | {"client_id": client_id})
        terms = dataclasses.replace(TERMS, methods=metadata_document.METHODS)
        return metadata_document.parse(content, client_id, terms)

    first, second = row("https://a.example/1"), row("https://a.example/2")
    assert first.id != second.id
    assert row("https://a.example/1") == first


class Stopwatch:
    def __init__(self) -> None:
        self.now = 1.0

    def __call__(self) -> float:
        return self.now


def test_an_hour_after_the_first_registration_there_may_be_more() -> None:
    clock = Stopwatch()
    limits = RegistrationLimits(2, clock)

    def is_refused(address: str | None) -> bool:
        try:
            limits.take(address)
        except OAuthError:
            return True
        return False

    assert [is_refused("192.0.2.1") for _ in range(3)] == [False, False, True]
    clock.now += HOUR - 1
    assert is_refused("192.0.2.1")
    assert not is_refused(None)
    clock.now += 1
    assert not is_refused("192.0.2.1")
