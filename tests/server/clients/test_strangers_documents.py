"""Documents, keys, assertions and accounts of clients: each proves something, or is refused."""

import json
from datetime import UTC, datetime
from typing import Any

from hypothesis import given, strategies as st

from authly_server.clients import (
    client_assertion,
    key_sets,
    metadata_document,
    service_account,
)
from authly_server.clients.client_assertion import AssertionRefused
from authly_server.clients.client_metadata import Terms
from authly_server.clients.key_sets import NoKeys
from authly_server.protocol.compact_jws import CompactJws
from authly_server.protocol.errors import OAuthError
from authly_server.protocol.public_key import PublicKey


NOW = datetime(2026, 1, 2, tzinfo=UTC)
SECONDS = int(NOW.timestamp())
URL = "https://client.example/client.json"
TERMS = Terms(frozenset({"read"}), (), metadata_document.METHODS)
ANY_TEXT = st.text(st.characters(codec=None))
values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | ANY_TEXT
    | st.sampled_from([URL, "none", "RSA", "EC", "AQAB", "ES256", SECONDS + 60]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
MEMBERS = st.sampled_from(["client_id", "redirect_uris", "client_secret", "jwks", "client_name"])
CLAIMS = st.sampled_from(["iss", "sub", "aud", "exp", "nbf", "iat", "jti"])


@given(st.dictionaries(MEMBERS | st.text(), values))
def test_any_document_is_a_client_or_refused(members: dict[str, Any]) -> None:
    right = {"client_id": URL, "redirect_uris": ["https://client.example/callback"]}
    for document in (members, right | members):
        try:
            client = metadata_document.parse(json.dumps(document).encode(), URL, TERMS)
        except OAuthError:
            continue
        assert client.client_id == document["client_id"] == URL
        assert client.auth_method in metadata_document.METHODS


@given(st.dictionaries(st.sampled_from(["keys", "x"]), values))
def test_any_object_is_a_set_of_keys_or_none(document: dict[str, Any]) -> None:
    try:
        keys = key_sets.read(document)
    except NoKeys:
        return
    assert all(isinstance(key, PublicKey) for key in keys)


@given(ANY_TEXT | st.lists(st.text("eyJ01"), min_size=3, max_size=3).map(".".join))
def test_any_text_is_no_assertion(text: str) -> None:
    try:
        client_assertion.read(text)
    except AssertionRefused:
        return
    raise AssertionError(text)


@given(st.dictionaries(CLAIMS, values))
def test_any_claims_prove_a_client_or_are_refused(claims: dict[str, Any]) -> None:
    right = {"iss": "app", "sub": "app", "aud": "us", "exp": SECONDS + 60, "jti": "1"}
    for each in (claims, right | claims):
        try:
            use = client_assertion.check_claims(
                _jws(each), client_id="app", audiences={"us"}, now=NOW
            )
        except AssertionRefused:
            continue
        assert use.expires_at > NOW


@given(st.dictionaries(CLAIMS, values))
def test_any_claims_are_of_an_account_or_are_refused(claims: dict[str, Any]) -> None:
    right = {"iss": "k8s", "sub": "system:serviceaccount:a:b", "aud": ["us"], "exp": SECONDS + 60}
    for each in (claims, right | claims):
        try:
            service_account.check_claims(
                _jws(each), cluster="k8s", service_account="a/b", audience="us", now=NOW
            )
        except AssertionRefused:
            continue
        assert each["sub"] == right["sub"]


def _jws(claims: dict[str, Any]) -> CompactJws:
    return CompactJws("ES256", None, None, {}, claims, b"", b"")
