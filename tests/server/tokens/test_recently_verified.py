"""A token that was verified before is believed for its signature only, and by the same keys."""

import base64
from datetime import UTC, datetime, timedelta
from functools import partial

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from authly_server.tokens import access_token
from authly_server.tokens.access_token import AccessToken
from authly_server.tokens.keyring import KeyRing
from authly_server.tokens.recently_verified import RecentlyIssued, RecentlyVerified
from authly_server.tokens.refusal import TokenRefused
from authly_server.tokens.signature import PrivateKey
from authly_server.tokens.signing_key import KeyState, SigningKey


NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
ISSUER = "https://login.example.com"
TOKEN = AccessToken(
    issuer=ISSUER,
    subject="user",
    client_id="app",
    audience=("https://api.example.com",),
    scopes=frozenset({"read"}),
    jti="id-1",
    grant_id=None,
    issued_at=NOW,
    expires_at=NOW + timedelta(minutes=30),
)


def ring_of(key: PrivateKey, alg: str = "ES256") -> KeyRing:
    return KeyRing({"k1": SigningKey("k1", alg, KeyState.ACTIVE, key)}, alg)


def verified_once(ring: KeyRing) -> str:
    """A token that another process with the same keys has issued."""
    text = access_token.issue(KeyRing(ring.keys, ring.algorithm), TOKEN)
    assert access_token.verify(ring, text, ISSUER, NOW) == TOKEN
    return text


@pytest.fixture(name="ring")
def _ring() -> KeyRing:
    return ring_of(ec.generate_private_key(ec.SECP256R1()))


def test_a_token_asked_about_again_is_the_same(ring: KeyRing) -> None:
    text = verified_once(ring)
    assert access_token.verify(ring, text, ISSUER, NOW) is ring.verified.find(text)


def test_a_token_issued_here_is_known_as_anybody_else_reads_it(ring: KeyRing) -> None:
    text = access_token.issue(ring, TOKEN)
    known = access_token.verify(ring, text, ISSUER, NOW)
    assert known is TOKEN
    assert known is ring.verified.find(text)
    assert known == access_token.verify(KeyRing(ring.keys, ring.algorithm), text, ISSUER, NOW)


def test_a_verified_token_expires_all_the_same(ring: KeyRing) -> None:
    text = verified_once(ring)
    with pytest.raises(TokenRefused, match="expired"):
        access_token.verify(ring, text, ISSUER, TOKEN.expires_at)


def test_a_verified_token_is_refused_by_another_issuer_all_the_same(ring: KeyRing) -> None:
    text = verified_once(ring)
    with pytest.raises(TokenRefused, match="issuer"):
        access_token.verify(ring, text, "https://other.example.com", NOW)


def test_a_ring_with_other_keys_believes_nothing_of_it(ring: KeyRing) -> None:
    text = verified_once(ring)
    other = ring_of(ec.generate_private_key(ec.SECP256R1()))
    with pytest.raises(TokenRefused, match="signature"):
        access_token.verify(other, text, ISSUER, NOW)


@pytest.mark.parametrize("changed", range(3))
def test_no_other_text_passes_for_a_verified_token(ring: KeyRing, changed: int) -> None:
    parts = verified_once(ring).split(".")
    content = bytearray(base64.urlsafe_b64decode(parts[changed] + "=="))
    content[-1] ^= 1
    parts[changed] = base64.urlsafe_b64encode(bytes(content)).rstrip(b"=").decode()
    with pytest.raises(TokenRefused):
        access_token.verify(ring, ".".join(parts), ISSUER, NOW)


def test_a_signature_has_one_text(ring: KeyRing) -> None:
    text = verified_once(ring)
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    # The last of 86 characters holds four bits that no byte has.
    twin = text[:-1] + alphabet[alphabet.index(text[-1]) ^ 1]
    with pytest.raises(TokenRefused):
        access_token.verify(ring, twin, ISSUER, NOW)


@pytest.mark.parametrize("text", ["\ud800", "ü" * 20, "a\0b", "." * 70_000])
def test_what_can_be_no_token_is_refused_in_the_same_way(ring: KeyRing, text: str) -> None:
    with pytest.raises(TokenRefused):
        access_token.verify(ring, text, ISSUER, NOW)


def test_what_was_refused_is_not_kept(ring: KeyRing) -> None:
    other = ring_of(ec.generate_private_key(ec.SECP256R1()))
    text = access_token.issue(other, TOKEN)
    with pytest.raises(TokenRefused):
        access_token.verify(ring, text, ISSUER, NOW)
    assert ring.verified.find(text) is None


def test_what_was_issued_is_told_once_and_verified_from_then_on() -> None:
    verified, issued = RecentlyVerified[int](), RecentlyIssued[int]()
    verified.keep("a", 1)
    issued.keep("b", lambda: 2)
    for _ in range(2):
        found = [verified.find_or_take(issued, text) for text in ("a", "b", "c")]
        assert found == [1, 2, None]
        issued.keep("b", lambda: pytest.fail("it is not asked for what is known"))


def test_of_too_many_issued_the_oldest_leaves_first() -> None:
    verified, issued = RecentlyVerified[int](), RecentlyIssued[int](most=2)
    for number, text in enumerate("abc"):
        issued.keep(text, partial(int, number))
    assert [verified.find_or_take(issued, text) for text in "abc"] == [None, 1, 2]


def test_the_one_not_asked_for_the_longest_leaves_first() -> None:
    verified = RecentlyVerified[int](most=2)
    verified.keep("a", 1)
    verified.keep("b", 2)
    assert verified.find("a") == 1
    verified.keep("c", 3)
    assert (verified.find("a"), verified.find("b"), verified.find("c")) == (1, None, 3)


@pytest.mark.parametrize(
    ("alg", "key"),
    [
        ("ES256", ec.generate_private_key(ec.SECP256R1())),
        ("RS256", rsa.generate_private_key(65537, 2048)),
        ("EdDSA", ed25519.Ed25519PrivateKey.generate()),
    ],
)
def test_everybody_else_can_verify_what_we_sign(alg: str, key: PrivateKey) -> None:
    text = access_token.issue(ring_of(key, alg), TOKEN)
    public = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    read = jwt.decode(
        text, public.decode(), [alg], audience=TOKEN.audience[0], options={"verify_exp": False}
    )
    assert (read["sub"], read["jti"]) == ("user", "id-1")
    assert jwt.get_unverified_header(text) == {"alg": alg, "typ": "at+jwt", "kid": "k1"}
