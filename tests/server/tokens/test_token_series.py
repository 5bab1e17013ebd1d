"""A token of a series is what it would be if it had been issued by itself."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from authly_server.tokens import access_token, signed_jwt
from authly_server.tokens.access_token import AccessToken, Actor
from authly_server.tokens.keyring import KeyRing
from authly_server.tokens.signing_key import KeyState, SigningKey
from authly_server.tokens.token_series import TokenSeries


ISSUER = "https://login.example.com"
BEGAN = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
FIRST = AccessToken(
    issuer=ISSUER,
    subject="app \N{SNOWMAN}",
    client_id='app"\\',
    audience=("https://api.example.com",),
    scopes=frozenset({"read", "write"}),
    jti="first",
    grant_id=None,
    issued_at=BEGAN,
    expires_at=BEGAN + timedelta(minutes=30),
)
LATER = BEGAN + timedelta(hours=5)


def drawn() -> dict[str, SigningKey]:
    key = ec.generate_private_key(ec.SECP256R1())
    return {"k1": SigningKey("k1", "ES256", KeyState.ACTIVE, key)}


@pytest.fixture(name="ring")
def _ring() -> KeyRing:
    return KeyRing(drawn(), "ES256")


@pytest.mark.parametrize(
    "first",
    [
        pytest.param(FIRST, id="a machine's"),
        pytest.param(replace(FIRST, audience=("a", "b"), scopes=frozenset()), id="for several"),
        pytest.param(
            replace(FIRST, grant_id=UUID(int=7), actors=(Actor("a", "b"),), key_thumbprint="t"),
            id="with what comes after the times",
        ),
    ],
)
def test_all_but_jti_and_times_are_those_of_the_first(ring: KeyRing, first: AccessToken) -> None:
    text = TokenSeries(ring, first, 1800).issue("second", int(LATER.timestamp()))
    expected = replace(
        first, jti="second", issued_at=LATER, expires_at=LATER + timedelta(minutes=30)
    )
    elsewhere = KeyRing(ring.keys, ring.algorithm)
    assert access_token.verify(elsewhere, text, ISSUER, LATER) == expected
    assert signed_jwt.verify(ring, text, access_token.TYPE) == access_token.claims(expected)


def test_it_is_known_here_without_being_verified(ring: KeyRing) -> None:
    text = TokenSeries(ring, FIRST, 1800).issue("second", int(LATER.timestamp()))
    unable = KeyRing(drawn(), "ES256", ring.verified, ring.issued)
    known = access_token.verify(unable, text, ISSUER, LATER)
    assert known == access_token.verify(KeyRing(ring.keys, "ES256"), text, ISSUER, LATER)
