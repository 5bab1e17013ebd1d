"""JWTs and keys of strangers: read within limits, or refused; no other end."""

import json
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from authly_server.protocol import compact_jws, public_key
from authly_server.protocol.compact_jws import MalformedJws
from authly_server.protocol.public_key import PublicKey, UnusableKey
from throwaway.signer import Signer, encode


ES256 = Signer.draw("ES256")
KEYS = {alg: Signer.draw(alg) for alg in ("EdDSA", "PS256", "RS256")} | {"ES256": ES256}
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def refuses(text: str) -> bool:
    try:
        compact_jws.read(text)
    except MalformedJws:
        return True
    return False


@given(st.text() | st.text("abcAB_-=. ").map(lambda text: text + ".e30.AA"))
def test_any_text_is_a_jwt_or_is_refused(text: str) -> None:
    assert refuses(text) or text.count(".") == 2


@given(st.dictionaries(st.text(), values, max_size=5), st.binary(min_size=1, max_size=80))
def test_any_claims_are_read_as_they_were_written(claims: dict[str, Any], tail: bytes) -> None:
    head = encode(b'{"alg":"ES256"}')
    text = f"{head}.{encode(json.dumps(claims).encode())}.{encode(tail)}"
    if not refuses(text):
        read = compact_jws.read(text)
        assert json.dumps(read.claims) == json.dumps(claims)
        assert read.signature == tail


@given(st.dictionaries(st.text(min_size=1), values, min_size=1, max_size=3))
def test_a_header_of_other_names_is_refused(extra: dict[str, Any]) -> None:
    known = {"alg", "typ", "kid", "cty", "x5t", "x5t#S256"}
    header = {"alg": "ES256"} | {name: value for name, value in extra.items() if name not in known}
    text = f"{encode(json.dumps(header).encode())}.e30.AA"
    assert refuses(text) is (len(header) > 1)


@pytest.mark.parametrize("value", [True, False, "1", [1], {}, -1, 1e400, 10**30, float("nan")])
def test_what_is_no_time_is_refused(value: object) -> None:
    with pytest.raises(MalformedJws):
        compact_jws.seconds_of({"exp": value}, "exp")


@given(values)
def test_any_value_is_a_time_or_is_refused(value: object) -> None:
    try:
        found = compact_jws.seconds_of({"exp": value}, "exp")
    except MalformedJws:
        return
    assert found is None or 0 <= found < 253_402_300_800


@given(values)
def test_any_value_names_somebody_or_is_refused(value: object) -> None:
    try:
        found = compact_jws.audiences_of({"aud": value})
    except MalformedJws:
        return
    assert found
    assert all(found)


@pytest.mark.parametrize("alg", KEYS)
def test_a_key_verifies_its_own_signature_and_no_other(alg: str) -> None:
    signer = KEYS[alg]
    key = public_key.parse(signer.jwk())
    token = compact_jws.read(signer.sign({"sub": "x"}))
    assert key.has_signed(alg, token.signing_input, token.signature)
    assert not key.has_signed(alg, token.signing_input + b"x", token.signature)
    for other in set(KEYS) - {alg}:
        assert not key.has_signed(other, token.signing_input, token.signature)


@given(st.binary(max_size=600))
@settings(max_examples=50)
def test_any_bytes_are_no_signature(signature: bytes) -> None:
    for alg, signer in KEYS.items():
        assert not public_key.parse(signer.jwk()).has_signed(alg, b"x", signature)


@given(
    st.dictionaries(
        st.sampled_from(["kty", "crv", "x", "y", "n", "e", "use", "alg", "kid", "key_ops"]),
        values | st.sampled_from(["EC", "RSA", "OKP", "P-256", "Ed25519", "AQAB", "sig"]),
    )
)
def test_any_object_is_a_key_or_is_refused(jwk: dict[str, Any]) -> None:
    for base in ({}, ES256.jwk(), KEYS["RS256"].jwk(), KEYS["EdDSA"].jwk()):
        try:
            found = public_key.parse(base | jwk)
        except UnusableKey:
            continue
        assert found.algorithms <= set(public_key.ALGORITHMS)


@given(st.dictionaries(st.text(), values) | st.builds(dict, keys=values))
def test_any_object_is_a_set_of_keys_or_is_refused(document: dict[str, Any]) -> None:
    try:
        found = public_key.parse_set(document)
    except UnusableKey:
        return
    assert all(isinstance(key, PublicKey) for key in found)


@pytest.mark.parametrize("name", ["d", "p", "q", "dp", "dq", "qi", "oth", "k"])
def test_a_key_with_a_private_member_is_refused_with_its_whole_set(name: str) -> None:
    leaked = ES256.jwk(**{name: "AAAA"})
    with pytest.raises(UnusableKey):
        public_key.parse(leaked)
    with pytest.raises(UnusableKey):
        public_key.parse_set({"keys": [KEYS["EdDSA"].jwk(), leaked]})


def test_a_set_of_unknown_kinds_beside_a_usable_key_is_that_key() -> None:
    strange = [{"kty": "AKP"}, {"kty": "EC", "crv": "secp256k1"}, 7, None, {}]
    found = public_key.parse_set({"keys": [*strange, ES256.jwk()]})
    assert [key.kid for key in found] == [ES256.kid]


def test_a_set_of_21_keys_is_refused() -> None:
    with pytest.raises(UnusableKey):
        public_key.parse_set({"keys": [ES256.jwk()] * 21})
