"""Sealed keys of one-time passwords: what opens them, and for how long one is offered."""

from base64 import urlsafe_b64encode
from uuid import UUID

import pytest
from hypothesis import given, strategies as st

from authly_server.users.factor_seal import OFFER_SECONDS, FactorSeal


ADA, BOB = UUID(int=1), UUID(int=2)
KEY, NONCE, NOW = bytes(range(20)), bytes(12), 1_800_000_000
SEAL = FactorSeal("a secret of the server")
OTHER = FactorSeal("another secret of the server")


def test_a_key_opens_for_its_person_by_the_servers_secret_alone() -> None:
    sealed = SEAL.close(ADA, KEY, NONCE)
    assert KEY not in sealed
    assert SEAL.open(ADA, sealed) == KEY
    assert SEAL.open(BOB, sealed) is None
    assert OTHER.open(ADA, sealed) is None


@pytest.mark.parametrize("at", [0, 11, 12, 31, 47])
def test_a_key_that_was_tampered_with_does_not_open(at: int) -> None:
    sealed = bytearray(SEAL.close(ADA, KEY, NONCE))
    sealed[at] ^= 1
    assert SEAL.open(ADA, bytes(sealed)) is None
    assert SEAL.open(ADA, bytes(sealed[:at])) is None


def test_an_offer_is_good_for_ten_minutes_in_one_session() -> None:
    offer = SEAL.offer(ADA, KEY, NOW, NONCE)
    assert SEAL.read_offer(ADA, offer, NOW + OFFER_SECONDS - 1) == KEY
    assert SEAL.read_offer(ADA, offer, NOW + OFFER_SECONDS) is None
    assert SEAL.read_offer(BOB, offer, NOW) is None
    assert OTHER.read_offer(ADA, offer, NOW) is None


def test_what_is_stored_is_no_offer_and_an_offer_is_not_what_is_stored() -> None:
    offer = SEAL.offer(ADA, KEY, NOW, NONCE)
    stored = SEAL.close(ADA, KEY, NONCE)
    assert SEAL.open(ADA, offer.encode()) is None
    assert SEAL.read_offer(ADA, stored.hex(), NOW) is None


@given(st.binary())
def test_any_bytes_are_no_key(sealed: bytes) -> None:
    assert SEAL.open(ADA, sealed) is None


@given(st.text() | st.binary().map(lambda raw: urlsafe_b64encode(raw).decode()))
def test_any_text_is_no_offer(text: str) -> None:
    assert SEAL.read_offer(ADA, text, NOW) is None


@pytest.mark.parametrize("text", [None, "", "x", "\u00e9", "=", "A" * 100, "A" * 257])
def test_what_is_no_offer_is_none(text: str | None) -> None:
    assert SEAL.read_offer(ADA, text, NOW) is None
