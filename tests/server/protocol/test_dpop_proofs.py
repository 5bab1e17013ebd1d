"""DPoP proofs, thumbprints and the comparison of URIs, on whatever comes in."""

import json
from typing import Any
from urllib.parse import urlsplit

import pytest
from hypothesis import given, strategies as st

from authly_server.protocol import dpop, errors, http_uri, public_key
from throwaway.signer import Signer, encode


KEY = Signer.draw("ES256")
JWK: dict[str, Any] = {k: v for k, v in KEY.jwk().items() if k in {"kty", "crv", "x", "y"}}
CLAIMS: dict[str, object] = {"jti": "1", "htm": "POST", "htu": "https://a.example/", "iat": 1}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(codec=None)),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=6,
)
NAMES = st.sampled_from([*CLAIMS, "ath", "nonce", "x"])


def read(header: dict[str, Any], claims: dict[str, Any]) -> dpop.Proof | None:
    """The proof, None if it was refused as it should be; anything else fails the test."""
    try:
        return dpop.read(KEY.sign(claims, kid=None, **header))
    except errors.OAuthError as error:
        refused = error
    assert refused.error is errors.ErrorCode.INVALID_DPOP_PROOF
    assert refused.description == errors.printable(refused.description)
    return None


def test_a_good_proof_is_read() -> None:
    proof = read({"typ": "dpop+jwt", "jwk": JWK}, CLAIMS | {"nonce": "n", "ath": "a"})
    assert proof is not None
    assert (proof.jti, proof.method, proof.uri) == ("1", "POST", "https://a.example/")
    assert (proof.issued_at, proof.nonce, proof.access_token_hash) == (1.0, "n", "a")


@given(changes=st.dictionaries(NAMES, JSON))
def test_any_claims_are_read_or_refused(changes: dict[str, Any]) -> None:
    read({"typ": "dpop+jwt", "jwk": JWK}, CLAIMS | changes)


@given(jwk=st.dictionaries(st.sampled_from([*JWK, "d", "k", "n", "e", "alg"]), JSON))
def test_any_key_is_read_or_refused(jwk: dict[str, Any]) -> None:
    read({"typ": "dpop+jwt", "jwk": JWK | jwk}, CLAIMS)


@given(text=st.text(st.characters(codec=None)), parts=st.lists(st.binary(), max_size=4))
def test_any_text_is_refused(text: str, parts: list[bytes]) -> None:
    for each in (text, ".".join(map(encode, parts))):
        with pytest.raises(errors.OAuthError) as caught:
            dpop.read(each)
        assert caught.value.error is errors.ErrorCode.INVALID_DPOP_PROOF


@given(text=st.text(st.characters(codec=None)))
def test_any_header_and_thumbprint_is_read_or_refused(text: str) -> None:
    refused: list[int] = []
    for parse in (dpop.find_token, dpop.parse_thumbprint, lambda t: dpop.find_token(f"DPoP {t}")):
        try:
            parse(text)
        except errors.OAuthError as error:
            refused.append(error.status)
    assert set(refused) <= {400, 401}


def test_the_thumbprint_of_rfc_9449() -> None:
    jwk = {
        "kty": "EC",
        "crv": "P-256",
        "x": "l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFs",
        "y": "9VE4jf_Ok_o64zbTTlcuNJajHmt6v9TDVrU0CdvGRDA",
    }
    key = public_key.parse(jwk)
    assert dpop.thumbprint(key) == "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"


@pytest.mark.parametrize("alg", ["ES256", "EdDSA", "RS256"])
def test_a_thumbprint_is_of_the_key_and_not_of_its_spelling(alg: str) -> None:
    signer = Signer.draw(alg)
    plain = public_key.parse(signer.jwk(alg=None, kid=None, use=None))
    assert dpop.thumbprint(public_key.parse(signer.jwk(kid="x"))) == dpop.thumbprint(plain)
    assert len(dpop.thumbprint(plain)) == dpop.THUMBPRINT_CHARACTERS


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("https://a.example", "https://a.example/"),
        ("https://a.example/x?y=1#z", "https://a.example/x"),
        ("HTTPS://A.example:443/x", "https://a.example/x"),
        ("http://a.example:80/x", "http://a.example/x"),
        ("https://a.example/%7Ex", "https://a.example/~x"),
        ("https://a.example/%2f", "https://a.example/%2F"),
        ("https://a.example/a/./b/../c", "https://a.example/a/c"),
        ("https://a.example/../a/..", "https://a.example/"),
        ("https://[::1]:443/", "https://[::1]/"),
    ],
)
def test_two_spellings_of_a_uri_are_one(one: str, other: str) -> None:
    assert http_uri.normalise(one) == http_uri.normalise(other) is not None


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("https://a.example/x", "http://a.example/x"),
        ("https://a.example/x", "https://a.example:8443/x"),
        ("https://a.example/x", "https://a.example/X"),
        ("https://a.example/x", "https://a.example/x/"),
        ("https://a.example/x%2Fy", "https://a.example/x/y"),
        ("https://a.example//x", "https://a.example/x"),
    ],
)
def test_two_uris_are_two(one: str, other: str) -> None:
    assert http_uri.normalise(one) != http_uri.normalise(other)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "/x",
        "//a.example/x",
        "ftp://a.example/",
        "https://",
        "https://u@a.example/",
        "https:x",
        "https://a.example/%",
        "https://a.example/%zz",
        "https://a.example:x/",
        "https://é/",
    ],
)
def test_what_is_no_http_uri_equals_nothing(text: str) -> None:
    assert http_uri.normalise(text) is None


@given(st.text(st.characters(codec=None)) | st.text("/.%2eE~a?#:@[]", max_size=20))
def test_normalising_again_changes_nothing(text: str) -> None:
    for uri in (text, f"https://a.example/{text}"):
        once = http_uri.normalise(uri)
        if once is not None:
            assert http_uri.normalise(once) == once
            assert not {".", ".."} & set(urlsplit(once).path.split("/"))


def test_a_proof_is_bound_to_key_and_jti() -> None:
    proof = read({"typ": "dpop+jwt", "jwk": JWK}, CLAIMS)
    other = read({"typ": "DPOP+JWT", "jwk": JWK}, CLAIMS | {"jti": "2"})
    assert proof is not None
    assert other is not None
    assert proof.digest != other.digest
    assert json.dumps(JWK["x"]) not in repr(proof)
