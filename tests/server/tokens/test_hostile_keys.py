"""R6 and R9: keys that are too weak or of another kind, and headers that ask for heavy work."""

import base64
import hashlib
import hmac
import json
import time
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, rsa, x25519
from hypothesis import given, strategies as st

from authly_server.tokens import access_token, keyring
from authly_server.tokens.refusal import TokenRefused


NOW = datetime(2026, 1, 2, tzinfo=UTC)
ISSUER = "https://login.example.com"
KEY = rsa.generate_private_key(65537, 2048)
PEM = serialization.Encoding.PEM
PKCS8 = serialization.PrivateFormat.PKCS8
PLAIN = serialization.NoEncryption()


def document(private_key: bytes, alg: str) -> bytes:
    key = {"kid": "k1", "alg": alg, "state": "Active", "privateKey": private_key.decode()}
    return json.dumps({"keys": [key]}).encode()


RING = keyring.parse(document(KEY.private_bytes(PEM, PKCS8, PLAIN), "RS256"))
TOKEN = access_token.AccessToken(
    ISSUER, "u", "app", ("api",), frozenset(), "j", None, NOW, NOW + timedelta(hours=1)
)
ISSUED = access_token.issue(RING, TOKEN)


def encode(part: bytes) -> str:
    return base64.urlsafe_b64encode(part).rstrip(b"=").decode()


def with_header(header: bytes) -> str:
    return ".".join([encode(header), *ISSUED.split(".")[1:]])


@pytest.mark.parametrize(
    ("private_key", "alg"),
    [
        pytest.param(
            rsa.generate_private_key(65537, 1024).private_bytes(PEM, PKCS8, PLAIN),  # noqa: S505  # weak on purpose
            "RS256",
            id="RSA of 1024 bits",
        ),
        pytest.param(
            KEY.private_bytes(PEM, PKCS8, serialization.BestAvailableEncryption(b"x")),
            "RS256",
            id="encrypted",
        ),
        pytest.param(
            KEY.public_key().public_bytes(PEM, serialization.PublicFormat.SubjectPublicKeyInfo),
            "RS256",
            id="public",
        ),
        pytest.param(
            ec.generate_private_key(ec.SECP256K1()).private_bytes(PEM, PKCS8, PLAIN),
            "ES256",
            id="another curve of 256 bits",
        ),
        pytest.param(
            x25519.X25519PrivateKey.generate().private_bytes(PEM, PKCS8, PLAIN),
            "EdDSA",
            id="a key for agreement",
        ),
        pytest.param(
            dsa.generate_private_key(1024).private_bytes(PEM, PKCS8, PLAIN),  # noqa: S505  # likewise
            "RS256",
            id="DSA",
        ),
        pytest.param(KEY.private_bytes(PEM, PKCS8, PLAIN), "HS256", id="algorithm not of a ring"),
        pytest.param(KEY.private_bytes(PEM, PKCS8, PLAIN), "none", id="algorithm none"),
    ],
)
def test_a_weak_key_or_one_of_another_kind_is_refused(private_key: bytes, alg: str) -> None:
    with pytest.raises(keyring.KeyRingError) as caught:
        keyring.parse(document(private_key, alg))
    assert "KEY-----" not in str(caught.value)


@pytest.mark.parametrize(
    "secret",
    [KEY.private_bytes(PEM, PKCS8, PLAIN).decode(), "ssh-rsa " + "A" * 40, '{"kty":"oct","k":"x"}'],
)
def test_a_shared_secret_that_is_a_key_is_refused_at_the_start(secret: str) -> None:
    with pytest.raises(keyring.KeyRingError):
        keyring.hs256(secret)


def test_the_public_key_is_no_shared_secret() -> None:
    public = KEY.public_key().public_bytes(PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    payload = ISSUED.split(".")[1]
    header = encode(b'{"alg":"HS256","typ":"at+jwt","kid":"k1"}')
    signed = f"{header}.{payload}"
    mac = hmac.digest(public, signed.encode(), hashlib.sha256)
    with pytest.raises(TokenRefused):
        access_token.verify(RING, f"{signed}.{encode(mac)}", ISSUER, NOW)


GOOD = '"alg":"RS256","typ":"at+jwt","kid":"k1"'


@pytest.mark.parametrize(
    "header",
    [
        pytest.param(f'{{{GOOD},"crit":["exp"]}}', id="crit"),
        pytest.param(f'{{{GOOD},"b64":false,"crit":["b64"]}}', id="b64 false"),
        pytest.param(f'{{{GOOD},"zip":"DEF"}}', id="zip"),
        pytest.param(f'{{{GOOD},"jwk":{{"kty":"oct","k":""}}}}', id="jwk"),
        pytest.param(f'{{{GOOD},"x5u":"https://evil.example"}}', id="x5u"),
        pytest.param(f'{{{GOOD},"p2c":1000000000}}', id="p2c"),
        pytest.param('{"alg":"PBES2-HS256+A128KW","typ":"at+jwt","kid":"k1"}', id="PBES2"),
        pytest.param('{"alg":"RS512","typ":"at+jwt","kid":"k1"}', id="RS512"),
        pytest.param('{"alg":"nOnE","typ":"at+jwt","kid":"k1"}', id="nOnE"),
        pytest.param('{"alg":"RS256","typ":"AT+JWT+x","kid":"k1"}', id="typ"),
        pytest.param('{"alg":"RS256","kid":"k1"}', id="no typ"),
        pytest.param('{"alg":"RS256","typ":"at+jwt"}', id="no kid"),
        pytest.param('{"alg":"RS256","typ":"at+jwt","kid":{"a":1}}', id="kid an object"),
        pytest.param(f'{{{GOOD},"kid":"k1"}}', id="repeated name"),
        pytest.param('{"alg":"RS256","typ":"at+jwt","kid":"\\ud800"}', id="surrogate"),
        pytest.param('{"alg":NaN,"typ":"at+jwt","kid":"k1"}', id="NaN"),
        pytest.param("[" * 9000, id="depth"),
        pytest.param('{"a":' * 1500 + "1" + "}" * 1500, id="depth of objects"),
        pytest.param("9" * 9000, id="a number of 9000 digits"),
        pytest.param("null", id="null"),
    ],
)
def test_a_header_that_we_never_write_is_refused_at_once(header: str) -> None:
    begin = time.process_time()
    with pytest.raises(TokenRefused):
        access_token.verify(RING, with_header(header.encode()), ISSUER, NOW)
    assert time.process_time() - begin < 0.1


def test_megabytes_are_refused_before_they_are_decoded() -> None:
    begin = time.process_time()
    for text in ("A" * 10_000_000, "." * 10_000_000, ISSUED + "A" * 10_000_000):
        with pytest.raises(TokenRefused):
            access_token.verify(RING, text, ISSUER, NOW)
    assert time.process_time() - begin < 0.1


@given(st.binary())
def test_any_header_is_refused_and_never_an_error(header: bytes) -> None:
    with pytest.raises(TokenRefused):
        access_token.verify(RING, with_header(header), ISSUER, NOW)


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
    lambda values: st.lists(values) | st.dictionaries(st.text(), values),
    max_leaves=8,
)
CLAIM_NAMES = st.sampled_from(
    ["iss", "sub", "aud", "client_id", "scope", "jti", "iat", "exp", "grant_id"]
)


@given(st.dictionaries(CLAIM_NAMES, JSON, min_size=1))
def test_any_claims_under_a_shared_secret_are_read_or_refused(claims: dict[str, object]) -> None:
    ring = keyring.hs256("s" * 32)
    header, payload, _ = access_token.issue(ring, TOKEN).split(".")
    padded = payload + "=" * (-len(payload) % 4)
    changed = json.loads(base64.urlsafe_b64decode(padded)) | claims
    signed = f"{header}.{encode(json.dumps(changed).encode())}"
    token = f"{signed}.{encode(hmac.digest(b's' * 32, signed.encode(), 'sha256'))}"
    try:
        read = access_token.verify(ring, token, ISSUER, NOW)
    except TokenRefused:
        return
    assert read.issuer == ISSUER


@given(st.binary() | JSON.map(lambda value: json.dumps({"keys": value}).encode()))
def test_any_document_is_no_key_ring(content: bytes) -> None:
    with pytest.raises(keyring.KeyRingError):
        keyring.parse(content)
