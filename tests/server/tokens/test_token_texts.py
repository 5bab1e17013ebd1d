"""Refresh tokens, codes and opaque access tokens: only what we wrote is read back."""

from uuid import UUID

import pytest
from hypothesis import given, strategies as st

from authly_server.tokens import authorization_code, digest, opaque_token, refresh_token
from authly_server.tokens.refusal import TokenRefused


KEY = refresh_token.derive_key("k" * 32)
OTHER_KEY = refresh_token.derive_key("o" * 32)
GRANT = UUID("0189d5c4-0000-7000-8000-000000000001")
FIRST = refresh_token.first(KEY, GRANT, b"n" * 16)
CODE = authorization_code.create(GRANT, b"r" * 32)


@given(st.uuids(), st.binary(min_size=16, max_size=16))
def test_a_refresh_token_carries_its_grant_and_its_generation(grant_id: UUID, nonce: bytes) -> None:
    value = refresh_token.read(KEY, refresh_token.first(KEY, grant_id, nonce))
    assert (value.grant_id, value.generation, value.nonce) == (grant_id, 0, nonce)
    assert refresh_token.read(KEY, value.successor(KEY).text).generation == 1


def test_a_successor_is_the_same_each_time_it_is_derived() -> None:
    value = refresh_token.read(KEY, FIRST)
    assert value.successor(KEY) == value.successor(KEY)
    assert value.successor(KEY).digest != value.digest == digest.sha256(FIRST)


def test_another_key_reads_nothing() -> None:
    with pytest.raises(TokenRefused):
        refresh_token.read(OTHER_KEY, FIRST)


@given(st.integers(0, len(FIRST) - 1), st.characters())
def test_no_character_of_a_refresh_token_can_be_changed(place: int, character: str) -> None:
    changed = FIRST[:place] + character + FIRST[place + 1 :]
    if changed != FIRST:
        with pytest.raises(TokenRefused):
            refresh_token.read(KEY, changed)


@given(st.text())
def test_arbitrary_text_is_refused_and_never_an_error(text: str) -> None:
    for candidate in (text, "art_" + text, "ac_" + text, "aat_" + text):
        with pytest.raises(TokenRefused):
            refresh_token.read(KEY, candidate)
        with pytest.raises(TokenRefused):
            authorization_code.read(candidate)
        with pytest.raises(TokenRefused):
            opaque_token.read(candidate)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(FIRST[:-1], id="truncated"),
        pytest.param(FIRST + "=", id="padded"),
        pytest.param(FIRST + "A" * 1_000_000, id="a megabyte"),
        pytest.param("ac_" + FIRST[4:], id="another prefix"),
        pytest.param("", id="empty"),
        pytest.param("art_\ud800", id="lone surrogate"),
    ],
)
def test_a_misshapen_refresh_token_is_refused(text: str) -> None:
    with pytest.raises(TokenRefused):
        refresh_token.read(KEY, text)


def test_the_last_generation_has_no_successor() -> None:
    last = refresh_token.RefreshTokenValue(GRANT, refresh_token.LAST_GENERATION, b"n" * 16, "")
    with pytest.raises(TokenRefused):
        last.successor(KEY)


@given(st.uuids(), st.binary(min_size=32, max_size=32))
def test_a_code_carries_its_grant(grant_id: UUID, entropy: bytes) -> None:
    code = authorization_code.create(grant_id, entropy)
    assert authorization_code.read(code.text) == code
    assert code.digest == digest.sha256(code.text)


@given(st.binary(min_size=32, max_size=32))
def test_an_opaque_token_is_known_by_its_digest(entropy: bytes) -> None:
    text = opaque_token.create(entropy)
    assert opaque_token.read(text) == digest.sha256(text)


@pytest.mark.parametrize("text", [CODE.text[:-1], CODE.text + "A", CODE.text.upper(), FIRST])
def test_a_misshapen_code_is_refused(text: str) -> None:
    with pytest.raises(TokenRefused):
        authorization_code.read(text)


def test_secrets_do_not_show_in_representations() -> None:
    assert FIRST not in repr(refresh_token.read(KEY, FIRST))
    assert CODE.text not in repr(CODE)


def test_too_little_entropy_is_refused() -> None:
    with pytest.raises(ValueError, match="32 random"):
        authorization_code.create(GRANT, b"short")
    with pytest.raises(ValueError, match="32 random"):
        opaque_token.create(b"short")
    with pytest.raises(ValueError, match="16 bytes"):
        refresh_token.first(KEY, GRANT, b"short")
