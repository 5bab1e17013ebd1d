"""Access tokens and the rings that sign them: whatever is not exactly ours is refused."""

import base64
import dataclasses
import json
import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from hypothesis import given, strategies as st

from authly_server.tokens import access_token, keyring
from authly_server.tokens.access_token import AccessToken, Actor
from authly_server.tokens.keyring import KeyRing, KeyRingError, KeyRingFile
from authly_server.tokens.refusal import TokenRefused
from authly_server.tokens.signature import PrivateKey


NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
ISSUER = "https://login.example.com"
EC_KEY = ec.generate_private_key(ec.SECP256R1())
RSA_KEY = rsa.generate_private_key(65537, 2048)
ED_KEY = ed25519.Ed25519PrivateKey.generate()
TOKEN = AccessToken(
    issuer=ISSUER,
    subject="user",
    client_id="app",
    audience=("https://api.example.com",),
    scopes=frozenset({"read", "write"}),
    jti="id-1",
    grant_id=UUID(int=7),
    issued_at=NOW,
    expires_at=NOW + timedelta(minutes=30),
)


def pem(key: PrivateKey | ec.EllipticCurvePrivateKey) -> str:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()


def entry(key: PrivateKey, alg: str, state: str = "Active", kid: str = "k1") -> dict[str, str]:
    return {"kid": kid, "alg": alg, "state": state, "privateKey": pem(key)}


def document(*entries: dict[str, str]) -> bytes:
    return json.dumps({"keys": entries}).encode()


RING = keyring.parse(document(entry(EC_KEY, "ES256")))
ISSUED = access_token.issue(RING, TOKEN)
CLAIMS = jwt.decode(ISSUED, options={"verify_signature": False})


def nested(depth: int) -> dict[str, object] | None:
    """That many actors within each other."""
    actor: dict[str, object] = {"sub": f"actor {depth}", "client_id": "app"}
    return None if depth == 0 else actor | {"act": nested(depth - 1)}


def sign(claims: bytes, header: dict[str, object] | None = None) -> str:
    full: dict[str, object] = {"typ": "at+jwt", "kid": "k1"} | (header or {})
    return jwt.PyJWS().encode(claims, EC_KEY, "ES256", full)


def with_claims(**changes: object) -> str:
    return sign(json.dumps(CLAIMS | changes).encode())


def unsigned(header: dict[str, object]) -> str:
    parts = [json.dumps(header).encode(), json.dumps(CLAIMS).encode(), b"x" * 64]
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts)


@pytest.mark.parametrize(
    "ring",
    [
        pytest.param(RING, id="ES256"),
        pytest.param(keyring.parse(document(entry(RSA_KEY, "RS256"))), id="RS256"),
        pytest.param(keyring.parse(document(entry(ED_KEY, "EdDSA"))), id="EdDSA"),
        pytest.param(keyring.hs256("s" * 32), id="HS256"),
    ],
)
def test_an_issued_token_is_read_back(ring: KeyRing) -> None:
    text = access_token.issue(ring, TOKEN)
    assert access_token.verify(ring, text, ISSUER, NOW) == TOKEN
    assert jwt.get_unverified_header(text)["typ"] == "at+jwt"


def test_what_an_exchanged_and_bound_token_says_is_read_back() -> None:
    actors = (Actor("second", "app"), Actor("first", "other"))
    token = dataclasses.replace(TOKEN, key_thumbprint="k", actors=actors, granted_to="other")
    assert access_token.verify(RING, access_token.issue(RING, token), ISSUER, NOW) == token
    first = {"sub": "first", "client_id": "other"}
    assert token.act == {"sub": "second", "client_id": "app", "act": first}
    assert (token.token_type, TOKEN.token_type) == ("DPoP", "Bearer")


def test_a_retiring_key_verifies_and_no_longer_signs() -> None:
    ring = keyring.parse(
        document(entry(EC_KEY, "ES256", "Retiring"), entry(ED_KEY, "EdDSA", kid="k2"))
    )
    assert access_token.verify(ring, ISSUED, ISSUER, NOW) == TOKEN
    assert jwt.get_unverified_header(access_token.issue(ring, TOKEN))["kid"] == "k2"


REFUSED: dict[str, str] = {
    "empty": "",
    "no JWT": "a.b.c",
    "17 KB": ISSUED + "A" * 17_000,
    "algorithm none": unsigned({"alg": "none", "typ": "at+jwt", "kid": "k1"}),
    "HS256 with the public key": unsigned({"alg": "HS256", "typ": "at+jwt", "kid": "k1"}),
    "unknown kid": sign(json.dumps(CLAIMS).encode(), {"kid": "k9"}),
    "kid no text": unsigned({"alg": "ES256", "typ": "at+jwt", "kid": ["k1"]}),
    "an ID token": sign(json.dumps(CLAIMS).encode(), {"typ": "JWT"}),
    "jku": sign(json.dumps(CLAIMS).encode(), {"jku": "https://evil.example"}),
    "zip": sign(json.dumps(CLAIMS).encode(), {"zip": "DEF"}),
    "zero signature": ISSUED.rpartition(".")[0] + "." + "A" * 86,
    "no signature": ISSUED.rpartition(".")[0] + ".",
    "wrong issuer": with_claims(iss="https://other.example.com"),
    "exp true": with_claims(exp=True),
    "exp text": with_claims(exp="1"),
    "exp a fraction": with_claims(exp=1.5),
    "exp absent": with_claims(exp=None),
    "exp huge": with_claims(exp=10**30),
    "exp negative": with_claims(exp=-1),
    "exp 1e400": sign(json.dumps(CLAIMS | {"exp": 0}).replace('"exp": 0', '"exp": 1e400').encode()),
    "exp NaN": with_claims(exp=float("nan")),
    "iat in the future": with_claims(iat=int(NOW.timestamp()) + 60),
    "no audience": with_claims(aud=None),
    "subject a number": with_claims(sub=7),
    "lone surrogate": with_claims(sub="\ud800"),
    "NUL": with_claims(jti="a\0b"),
    "grant no UUID": with_claims(grant_id="x"),
    "bound in another way": with_claims(cnf={"x5t#S256": "x"}),
    "bound to no object": with_claims(cnf="x"),
    "bound to a number": with_claims(cnf={"jkt": 7}),
    "actor no object": with_claims(act="x"),
    "actor without a client": with_claims(act={"sub": "x"}),
    "four actors": with_claims(act=nested(4)),
    "granted to a number": with_claims(granted_to=7),
    "repeated name": sign(json.dumps(CLAIMS).encode()[:-1] + b',"sub":"root"}'),
    "deep": sign(b"[" * 5000 + b"]" * 5000),
    "an array": sign(b"[]"),
}


@pytest.mark.parametrize("text", [pytest.param(text, id=name) for name, text in REFUSED.items()])
def test_a_forged_or_malformed_token_is_refused(text: str) -> None:
    with pytest.raises(TokenRefused):
        access_token.verify(RING, text, ISSUER, NOW)


def test_a_token_lives_until_its_last_second_and_no_longer() -> None:
    last = TOKEN.expires_at - timedelta(seconds=1)
    assert access_token.verify(RING, ISSUED, ISSUER, last) == TOKEN
    with pytest.raises(TokenRefused, match="expired"):
        access_token.verify(RING, ISSUED, ISSUER, TOKEN.expires_at)


@given(st.text())
def test_arbitrary_text_is_refused_and_never_an_error(text: str) -> None:
    for candidate in (text, f"{text}.{text}.{text}"):
        with pytest.raises(TokenRefused):
            access_token.verify(RING, candidate, ISSUER, NOW)


def test_the_published_keys_hold_no_private_part() -> None:
    ring = keyring.parse(
        document(
            entry(EC_KEY, "ES256"),
            entry(RSA_KEY, "RS256", "Published", "k2"),
            entry(ED_KEY, "EdDSA", "Retiring", "k3"),
        )
    )
    keys = json.loads(ring.jwks_document())["keys"]
    assert [key["kid"] for key in keys] == ["k1", "k2", "k3"]
    assert not any({"d", "p", "q", "k"} & key.keys() for key in keys)
    verifier = jwt.PyJWKSet.from_dict({"keys": keys})["k1"]
    assert jwt.PyJWS().decode(ISSUED, verifier, algorithms=["ES256"])


def test_each_algorithm_has_its_active_key_and_access_tokens_the_wanted_one() -> None:
    entries = (
        entry(RSA_KEY, "RS256", kid="k1"),
        entry(EC_KEY, "ES256", kid="k2"),
        entry(ED_KEY, "EdDSA", "Published", "k3"),
    )
    ring = keyring.parse(document(*entries), "ES256")
    active = {alg: ring.active(alg) for alg in ("RS256", "ES256", "EdDSA", "HS256")}
    assert {alg: key and key.kid for alg, key in active.items()} == {
        "RS256": "k1",
        "ES256": "k2",
        "EdDSA": None,
        "HS256": None,
    }
    assert ring.algorithms == ("ES256", "RS256")
    assert ring.signer.kid == "k2"
    # A ring that is ahead of the setting signs with what it has.
    assert keyring.parse(document(*entries), "EdDSA").signer.kid == "k1"


def test_a_shared_secret_is_not_published() -> None:
    ring = keyring.hs256("s" * 32)
    assert json.loads(ring.jwks_document()) == {"keys": []}
    assert ring.algorithms == ()


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "malformed"),
        (b"\xff", "malformed"),
        (b'{"keys":[]}', "must have an Active key, it has none"),
        (document(entry(EC_KEY, "ES256", "Retiring")), "must have an Active key, it has none"),
        (b'{"keys":[{"kid":"a"}]}', r"keys\.0\.alg"),
        (
            document(entry(EC_KEY, "ES256"), entry(EC_KEY, "ES256", kid="k2")),
            "Active keys of ES256",
        ),
        (document(entry(EC_KEY, "ES256"), entry(ED_KEY, "EdDSA", "Retiring")), "kid twice"),
        (document(entry(EC_KEY, "RS256")), "does not fit the algorithm RS256"),
        (document(entry(ec.generate_private_key(ec.SECP384R1()), "ES256")), "does not fit"),
        (document(entry(EC_KEY, "ES256") | {"privateKey": "secret"}), "not an unencrypted PEM"),
    ],
)
def test_a_wrong_key_ring_is_refused_in_one_line_without_its_keys(
    content: bytes, reason: str
) -> None:
    with pytest.raises(KeyRingError, match=reason) as refused:
        keyring.parse(content)
    assert "\n" not in str(refused.value)
    assert "PRIVATE" not in str(refused.value)


@pytest.fixture
def replace(tmp_path: Path) -> Callable[[bytes], Path]:
    def write(content: bytes) -> Path:
        new, path = tmp_path / "new", tmp_path / "keyring.json"
        new.write_bytes(content)
        os.replace(new, path)  # noqa: PTH105  # what the kubelet does
        return path

    return write


def test_a_changed_file_is_read_again(replace: Callable[[bytes], Path]) -> None:
    file = KeyRingFile(replace(document(entry(EC_KEY, "ES256"))))
    assert file.refresh() is False
    replace(document(entry(ED_KEY, "EdDSA", kid="k2")))
    assert file.refresh() is True
    assert file.ring.signer.kid == "k2"


def test_a_broken_file_leaves_the_old_ring(replace: Callable[[bytes], Path]) -> None:
    path = replace(document(entry(EC_KEY, "ES256")))
    file = KeyRingFile(path)
    replace(b"{")
    with pytest.raises(KeyRingError):
        file.refresh()
    path.unlink()
    with pytest.raises(KeyRingError, match="cannot be read"):
        file.refresh()
    assert file.ring.signer.kid == "k1"
